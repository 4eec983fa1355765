"""Answers `taipan check`: facts about the interpreter, and whether the applications load."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from typing import Any, Callable, NoReturn

from taipan.libpython import find_libpython
from taipan.loader.code_cache import CodeCache
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.loader.finding import Found
from taipan.loader.slot import Slot, make_slot


def main() -> NoReturn:
    """Reads the configuration from stdin and writes one JSON object to stdout."""
    # Output of the application and its children goes to stderr instead.
    output = os.dup(1)
    os.dup2(2, 1)
    config = json.loads(sys.stdin.buffer.read() or b"{}")
    sys.argv = [str(argument) for argument in config.get("argv") or [""]]
    report = describe_interpreter()
    search = [folder for folder in config.get("searchPath", []) if folder not in sys.path]
    sys.path[:0] = search
    cache = CodeCache()
    report["applications"] = [check(item, cache) for item in config.get("applications", [])]
    report["path"] = list(sys.path)
    report["uvloop"] = has_uvloop()
    try:
        sys.stdout.flush()
    except BaseException:
        pass
    view = json.dumps(report, default=str).encode("ascii") + b"\n"
    while view:
        view = view[os.write(output, view) :]
    os._exit(0)


def describe_interpreter() -> dict[str, Any]:
    """Facts about this Python."""
    gil = getattr(sys, "_is_gil_enabled", None)
    return {
        "version": platform.python_version(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "basePrefix": sys.base_prefix,
        "implementation": sys.implementation.name,
        "freeThreading": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gil": True if gil is None else bool(gil()),
        "libpython": find_libpython(),
        "path": list(sys.path),
    }


def has_uvloop() -> bool:
    """Whether uvloop can be imported."""
    try:
        return importlib.util.find_spec("uvloop") is not None
    except Exception:
        return False


def check(config: Mapping[str, Any], cache: CodeCache) -> dict[str, Any]:
    """Whether an application loads, and what was found."""
    if config["kind"] == "scripts":
        return _check_folder(config)
    if config["kind"] == "guard":
        return _check_guard(config)
    if config.get("interpreter") is not None:
        return _check_elsewhere(config)
    slot = make_slot(config, cache)
    return _report(slot, slot.load)


def _check_elsewhere(config: Mapping[str, Any]) -> dict[str, Any]:
    """Checks an application in a sub-interpreter, where some modules cannot be imported."""
    # Loaded here, because few applications need it.
    from taipan.interpreters import private
    from taipan.interpreters.start import call

    with tempfile.TemporaryFile() as answer:
        arguments = (json.dumps(config), answer.fileno())
        call(private.create(), list(sys.path), "taipan.inspection:check_inside", *arguments)
        answer.seek(0)
        report: dict[str, Any] = json.load(answer)
    return report


def check_inside(text: str, descriptor: int) -> None:
    """Writes to a file whether an application loads here, in a sub-interpreter."""
    from taipan.interpreters.inside import require_wsgi
    from taipan.interpreters.limits import limit_inside

    limit_inside()
    slot = make_slot(json.loads(text), CodeCache())

    def load() -> Found:
        found = slot.load()
        require_wsgi(slot)
        if slot.failure is not None:
            raise slot.failure
        return found

    report = _report(slot, load)
    with open(descriptor, "w", encoding="utf-8", closefd=False) as answer:
        json.dump(report, answer, default=str)


def _report(slot: Slot, load: Callable[[], Found]) -> dict[str, Any]:
    try:
        found = load()
    except BaseException as error:
        return {**_report_failure(slot.name, error), "notes": _list_notes(slot)}
    return {
        "name": slot.name,
        "loads": True,
        "interface": found.interface,
        "place": slot.place,
        "expression": found.expression,
        "found": found.description,
        "notes": _list_notes(slot),
    }


def _check_folder(config: Mapping[str, Any]) -> dict[str, Any]:
    """Scripts are loaded by the requests for them, handlers at the start."""
    # Loaded here, because many servers have none, and it is large.
    from taipan.scripts.checks import check_scripts, describe_scripts

    try:
        files = check_scripts(config)
    except BaseException as error:
        return _report_failure(config["name"], error)
    return {
        "name": config["name"],
        "loads": True,
        "interface": "script",
        "found": describe_scripts(config, files),
    }


def _check_guard(config: Mapping[str, Any]) -> dict[str, Any]:
    """A script that says who may come in."""
    # Loaded here, as scripts are.
    from taipan.guards.guard_file import GuardFile
    from taipan.guards.slot import find_fault

    error = find_fault(GuardFile(str(config["file"])), config["functions"])
    if error is not None:
        return _report_failure(config["name"], error)
    return {
        "name": config["name"],
        "loads": True,
        "interface": "guard",
        "found": ", ".join(config["functions"]),
    }


def _report_failure(name: str, error: BaseException) -> dict[str, Any]:
    return {
        "name": name,
        "loads": False,
        "summary": explain_load_error(error),
        "traceback": format_load_error(error),
    }


def _list_notes(slot: Slot) -> list[str]:
    """What a person should know besides."""
    return [note for note in (slot.notice, *slot.notes) if note]
