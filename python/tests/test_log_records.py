"""Records of Python's `logging`, as the log takes them."""

from __future__ import annotations

import functools
import inspect
import json
import logging
import logging.config
import os
import re
import sys
import types
import uuid

import pytest

from taipan.log_records import describe_record
from taipan.logs import CURRENT_REQUEST, Logs, Requests, plain_text


def fresh(test):
    """Calls a test with logs in the place of the streams, and `logging` as at Python's start.

    Not a fixture: pytest has handlers of its own on the root while a test runs.
    """

    @functools.wraps(test)
    def call(**arguments):
        with pytest.MonkeyPatch.context() as patch:
            for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
                patch.setattr(sys, name, getattr(sys, name))
            patch.setattr(logging, "lastResort", logging.lastResort)
            patch.setattr(logging, "basicConfig", logging.basicConfig)
            patch.setattr(logging.root, "handlers", [])
            patch.setattr(logging.root, "level", logging.WARNING)
            logging.root.manager._clear_cache()
            test(make_logs(), **arguments)
        logging.root.manager._clear_cache()

    parameters = list(inspect.signature(test).parameters.values())[1:]
    call.__signature__ = inspect.Signature(parameters)
    return call


def make_logs():
    records = []
    logs = Logs(records.append, Requests())
    logs.records = records
    logs.told = lambda: [(one["level"], one.get("logger"), one["text"]) for one in records]
    logs.install()
    return logs


@fresh
def test_records_keep_level_logger_and_fields_as_long_as_nothing_is_configured(logs):
    shop = logging.getLogger("shop")
    shop.warning("low stock of %s", "tea", extra={"order": 12})
    shop.critical("gone")
    shop.info("Python shows warnings and above")
    assert logs.told() == [("warning", "shop", "low stock of tea"), ("error", "shop", "gone")]
    assert logs.records[0]["fields"] == {"order": 12}
    assert logs.records[0]["stream"] == "logging"
    assert logs.records[1]["fields"] == {"levelname": "CRITICAL"}


@fresh
def test_functions_of_the_module_put_no_handler_of_python_on_the_root(logs):
    logging.getLogger().setLevel(logging.INFO)
    logging.warning("by the module")
    logging.info("as well")
    logging.getLogger("shop").info("and by a logger")
    assert logs.told() == [
        ("warning", "root", "by the module"),
        ("info", "root", "as well"),
        ("info", "shop", "and by a logger"),
    ]


@pytest.mark.parametrize("early", [True, False])
@fresh
def test_basic_config_of_the_application_wins(logs, early):
    if early:
        logging.warning("before")
        logs.records.clear()
    logging.basicConfig(level=logging.INFO, format="mine %(message)s")
    logging.getLogger("shop").info("hello")
    assert logs.told() == [("output", None, "mine hello")]


@fresh
def test_basic_config_without_arguments_is_that_of_python(logs):
    logging.basicConfig()
    logging.getLogger("shop").warning("hello")
    assert logs.told() == [("output", None, "WARNING:shop:hello")]


@fresh
def test_dict_config_of_the_application_wins(logs):
    logging.warning("before")
    logs.records.clear()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"mine": {"format": "mine %(message)s"}},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "mine"}},
            "root": {"handlers": ["console"], "level": "INFO"},
        }
    )
    logging.getLogger("shop").info("hello")
    assert logs.told() == [("output", None, "mine hello")]


@pytest.mark.parametrize("propagate", [True, False])
@fresh
def test_a_library_with_handlers_of_its_own_gets_each_line_once(logs, propagate):
    shop = logging.getLogger("shop")
    handler = logging.StreamHandler()
    shop.addHandler(handler)
    shop.propagate = propagate
    shop.warning("once")
    shop.removeHandler(handler)
    shop.propagate = True
    assert logs.told() == [("output", None, "once")]


@fresh
def test_tracebacks_and_stacks_come_with_their_record(logs):
    shop = logging.getLogger("shop")
    try:
        raise KeyError("marker")
    except KeyError:
        shop.exception("it failed")
    shop.warning("here", stack_info=True)
    shop.error("no exception", exc_info=True)
    failed, stack, without = logs.records
    assert failed["traceback"].startswith("Traceback (most recent call last):")
    assert failed["traceback"].endswith("KeyError: 'marker'")
    assert stack["traceback"].startswith("Stack (most recent call last):")
    assert "traceback" not in without


@fresh
def test_a_record_that_cannot_be_formatted_is_one_record_with_its_arguments(logs):
    logging.getLogger("shop").warning("left: %d", "no number")
    [(level, name, text)] = logs.told()
    assert (level, name) == ("warning", "shop")
    assert text.startswith("left: %d ('no number',) (TypeError: %d format: ")
    assert re.search(r", \S+test_log_records\.py, line \d+\)$", text)


@fresh
def test_a_record_belongs_to_the_request_of_its_coroutine(logs):
    token = CURRENT_REQUEST.set("r1")
    logging.getLogger("shop").warning("within")
    CURRENT_REQUEST.reset(token)
    logging.getLogger("shop").warning("outside")
    assert [record["request"] for record in logs.records] == ["r1", None]


@fresh
def test_a_forked_child_prints_its_records(logs, monkeypatch):
    reader, writer = os.pipe()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    saved = os.dup(2)
    os.dup2(writer, 2)
    try:
        logging.getLogger("shop").warning("from a child")
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"WARNING:shop:from a child\n"
    assert logs.records == []


class Hostile:
    def __str__(self):
        raise ValueError("no")


def test_fields_are_bounded_and_json_can_hold_them():
    cyclic = {}
    cyclic["self"] = cyclic
    extra = {
        "text": "x" * 1_000_000,
        "many": list(range(100_000)),
        "nan": float("nan"),
        "large": 2**70,
        "flag": True,
        "none": None,
        "id": uuid.UUID(int=1),
        "bytes": b"\xff" * 1_000_000,
        "cyclic": cyclic,
        "hostile": Hostile(),
        "set": {1},
        "lone": "\ud800",
    }
    record = logging.makeLogRecord({"msg": "m", "levelno": 20, "levelname": "INFO", **extra})
    fields = describe_record(record)["fields"]
    assert list(fields) == list(extra)
    text = json.dumps(fields, allow_nan=False)
    assert len(text) < 500_000
    assert fields["nan"] == "nan" and fields["large"] == str(2**70)
    assert fields["flag"] is True and fields["none"] is None
    assert fields["id"] == str(uuid.UUID(int=1))
    assert fields["hostile"] == "(Hostile that cannot be shown)"


def test_a_record_is_plain_text_where_nobody_takes_records():
    record = {"level": "error", "logger": "shop", "text": "it failed", "traceback": "Traceback:\nE"}
    assert plain_text(record) == "ERROR:shop:it failed\nTraceback:\nE\n"
    assert plain_text({"level": "output", "text": "printed"}) == "printed\n"


def framework(monkeypatch, name, formatter):
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(formatter))
    module = types.ModuleType(name)
    module.default_handler = handler
    monkeypatch.setitem(sys.modules, name, module)
    return handler


@pytest.mark.parametrize("name", ["flask.logging", "quart.logging"])
@fresh
def test_records_of_the_default_handler_of_a_framework_are_records(logs, monkeypatch, name):
    usual = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"
    handler = framework(monkeypatch, name, usual)
    shop = logging.getLogger("shop")
    shop.addHandler(handler)
    shop.warning("as it is", extra={"order": 1})
    handler.setFormatter(logging.Formatter("mine %(message)s"))
    shop.warning("formatted")
    shop.removeHandler(handler)
    assert logs.told() == [("warning", "shop", "as it is"), ("output", None, "mine formatted")]
