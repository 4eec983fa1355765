"""Responses of WSGI applications, over the real sockets of a worker."""

from __future__ import annotations

import json

import pytest

from support.worker_process import target
from taipan import frames


@pytest.fixture(scope="module")
def lab():
    from support.worker_process import WorkerProcess

    worker = WorkerProcess([target("wsgi_lab.py")])
    yield Lab(worker)
    worker.close()


class Lab:
    def __init__(self, worker):
        self.worker = worker
        self.thread = worker.threads[0]
        self.keys = 0

    def get(self, path, query="", method="GET", **more):
        return self.thread.get(PATH_INFO=path, QUERY_STRING=query, REQUEST_METHOD=method, **more)

    def noted(self, path, query="", method="GET", **more):
        """The answer, and the notes of the handler."""
        self.keys += 1
        key = f"key={self.keys}"
        answer = self.get(path, f"{query}&{key}", method, **more)
        return answer, json.loads(self.get("/notes", key).body)


def test_a_short_answer_is_one_head_and_one_last_frame(lab):
    answer = lab.get("/hello")
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"hello")
    assert answer.kinds == [frames.HEAD, frames.DATA]
    assert answer.flags == frames.HEAD_LENGTH and answer.length == 5
    assert answer.field("Content-Length") == "5"


def test_the_environ_is_a_new_dict_for_each_request(lab):
    assert lab.get("/spoil").body == b"spoiled"
    report = json.loads(lab.get("/environ").body)
    assert report["type"] == "dict"
    assert report["strings"]["HTTP_HOST"] == "127.0.0.1:8000"
    assert report["others"]["wsgi.version"] == "(1, 0)"
    assert report["others"]["wsgi.multithread"] == "False"
    assert report["others"]["wsgi.multiprocess"] == "False"
    assert report["others"]["wsgi.run_once"] == "False"
    assert report["others"]["wsgi.input_terminated"] == "True"
    assert report["strings"]["wsgi.url_scheme"] == "http"


def test_bad_statuses_raise_inside_the_application(lab):
    found = json.loads(lab.get("/bad-statuses").body)
    accepted = [status for status, outcome in found.items() if outcome == "accepted"]
    assert accepted == []


def test_bad_headers_raise_inside_the_application(lab):
    found = json.loads(lab.get("/bad-headers").body)
    assert [headers for headers, outcome in found.items() if outcome == "accepted"] == []


def test_a_failed_start_response_leaves_nothing_behind(lab):
    answer = lab.get("/bad-header-then-good")
    assert (answer.status, answer.fields) == (
        201,
        [("X-Late", "1"), ("Content-Length", "4")],
    )
    assert answer.body == b"good"
    assert lab.get("/bad-header", "index=0").status == 500


def test_date_server_and_close_are_told_by_flags(lab):
    answer = lab.get("/own")
    assert answer.flags == frames.HEAD_DATE | frames.HEAD_SERVER | frames.HEAD_LENGTH
    answer = lab.get("/header", "name=Connection&value=foo,+Close")
    assert answer.flags & frames.HEAD_CLOSE
    assert answer.field("Connection") is None
    assert not lab.get("/header", "name=Connection&value=keep-alive").flags & frames.HEAD_CLOSE


def test_what_stands_in_for_an_answer_is_told_by_a_flag(lab):
    failed = lab.get("/bad-header", "index=0")
    assert failed.flags == frames.HEAD_LENGTH | frames.HEAD_STANDS_IN
    answer = lab.get("/header", "name=X-Taipan-Stands-In&value=1")
    assert answer.flags & frames.HEAD_STANDS_IN
    assert answer.field("X-Taipan-Stands-In") is None
    assert not lab.get("/header", "name=X-Other&value=1").flags & frames.HEAD_STANDS_IN


def test_repeated_fields_and_own_codings_are_left_alone(lab):
    assert [name for name, _ in lab.get("/cookies").fields][:4] == [
        "Set-Cookie",
        "Set-Cookie",
        "Vary",
        "Vary",
    ]
    assert lab.get("/gzipped").field("Content-Encoding") == "gzip"
    assert lab.get("/ranged").status == 206


def test_chunks_of_the_application_are_taken_off(lab):
    answer = lab.get("/self-framed")
    assert answer.body == b"hello world"
    assert answer.field("Transfer-Encoding") is None
    assert answer.aborted is None


def test_hop_by_hop_fields_are_left_out_and_reported_once(lab):
    lab.worker.logs()
    for _ in range(2):
        answer = lab.get("/hop-by-hop")
        assert [name for name, _ in answer.fields] == ["Content-Length"]
    texts = [record["text"] for record in lab.worker.logs()]
    for name in ("Keep-Alive", "Upgrade", "Proxy-Authenticate", "Trailers", "X-Hop"):
        assert sum(f" {name}," in text for text in texts) == 1


def test_a_second_start_response_raises(lab):
    answer, notes = lab.noted("/twice")
    assert answer.status == 500
    assert notes == ["ProtocolError"]


def test_exc_info_replaces_everything_before_output(lab):
    for path in ("/replaced", "/replaced-in-iteration"):
        answer = lab.get(path)
        assert (answer.status, answer.reason, answer.body) == (503, "Replaced", b"the replacement")
        assert answer.field("X-Old") is None and answer.field("X-New") == "1"
        assert answer.field("Content-Length") in (None, "15")


def test_exc_info_is_raised_again_behind_output(lab):
    answer, notes = lab.noted("/too-late")
    assert answer.status == 200 and answer.body == b"begun" and answer.aborted is not None
    assert notes == ["KeyError True"]
    answer, notes = lab.noted("/write-then-start")
    assert notes == ["raised again"]
    assert answer.body == b"begun and done" and answer.aborted is None


def test_exc_info_is_forgotten(lab):
    assert lab.get("/forgotten-exc-info").body == b"kept"
    assert lab.get("/is-forgotten").body == b"True"


@pytest.mark.parametrize("path", ["/generator", "/late-class"])
def test_start_response_may_come_with_the_iteration(lab, path):
    answer = lab.get(path)
    assert answer.field("X-Late") == "1" and answer.length == 0
    assert answer.aborted is None


@pytest.mark.parametrize("path", ["/no-start", "/no-start-empty", "/no-start-empty-blocks"])
def test_no_start_response_is_a_500_and_closes(lab, path):
    answer, notes = lab.noted(path)
    assert answer.status == 500 and b"Traceback" not in answer.body
    assert notes == ["close"]
    assert any("start_response" in record["text"] for record in lab.worker.logs())


def test_iteration_stops_at_content_length(lab):
    answer, notes = lab.noted("/blocks", "blocks=5&length=7")
    assert answer.body == b"0000000" and answer.aborted is None
    assert notes == ["block 0", "block 1", "close"]


def test_a_body_that_is_short_is_aborted(lab):
    answer, notes = lab.noted("/blocks", "blocks=1&length=7")
    assert answer.body == b"00000" and "7" in answer.aborted
    assert notes == ["block 0", "close"]
    answer = lab.get("/header", "name=Content-Length&value=9")
    assert answer.body == b"onetwo" and answer.aborted is not None


def test_a_list_that_is_long_is_cut(lab):
    answer = lab.get("/header", "name=Content-Length&value=4")
    assert answer.body == b"onet" and answer.aborted is None


def test_lists_have_their_length(lab):
    assert lab.get("/one").length == 6
    assert lab.get("/list").length == 9
    empty = lab.get("/empty")
    assert empty.flags & frames.HEAD_LENGTH and empty.length == 0


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_body_have_none(lab, status):
    answer, notes = lab.noted("/bodyless", f"status={status.replace(' ', '+')}")
    assert answer.body == b"" and answer.aborted is None and notes == ["close"]
    assert answer.field("Content-Length") == (None if status[0:3] == "204" else "4")
    assert lab.get("/empty", f"status={status.replace(' ', '+')}").field("Content-Length") is None


def test_head_keeps_the_length_and_asks_for_no_more(lab):
    answer, notes = lab.noted("/blocks", "blocks=3&length=15", method="HEAD")
    assert (answer.body, answer.length, answer.aborted) == (b"", 15, None)
    assert notes == ["block 0", "close"]
    assert lab.get("/one", method="HEAD").length == 6
    assert not lab.get("/empty", method="HEAD").flags & frames.HEAD_LENGTH


@pytest.mark.parametrize(
    "what",
    ["none", "str", "bytes", "bytearray", "int", "str_items", "int_items", "none_items"]
    + ["bytearray_items", "iter_raises", "empty_then_str", "closing_str_items", "late_str_item"],
)
def test_wrong_results_are_a_500_before_the_head(lab, what):
    answer, notes = lab.noted("/returns", f"what={what}")
    assert answer.status == 500 and answer.aborted is None
    assert notes == (["close"] if what == "closing_str_items" else [])


ERRORS = (
    ["SystemExit", "SystemExit0", "KeyboardInterrupt", "GeneratorExit", "CancelledError"]
    + ["BareBase", "Unprintable", "Unicode", "RecursionError", "MemoryError", "ValueError"]
    + ["BrokenPipeError", "OSError", "TimeoutError"]
)


@pytest.mark.parametrize("error", ERRORS)
def test_no_exception_ends_the_thread(lab, error):
    for where in ("call", "started", "first"):
        answer = lab.get("/raise", f"error={error}&where={where}")
        assert answer.status == 500 and b"secret" not in answer.body, where
        assert answer.fields[0] == ("Content-Type", "text/plain; charset=utf-8")
    answer = lab.get("/raise", f"error={error}&where=later")
    assert answer.status == 200 and answer.body == b"good" and answer.aborted is not None
    answer, notes = lab.noted("/raise", f"error={error}&where=close")
    assert answer.status == 200 and answer.aborted is None and notes == ["close"]
    lab.worker.logs()


def test_tracebacks_show_the_frames_of_the_user(lab):
    lab.worker.logs()
    lab.get("/raise", "error=ValueError&where=call")
    (record,) = lab.worker.logs()
    assert record["stream"] == "worker" and record["level"] == "error"
    assert record["request"] == "r1"
    assert record["text"].startswith("ValueError: on purpose")
    assert "wsgi_lab.py" in record["traceback"] and "do_raise" in record["traceback"]
    assert "taipan/wsgi" not in record["traceback"]


def test_close_belongs_to_the_returned_object(lab):
    answer, notes = lab.noted("/close-of-returned")
    assert answer.body == b"inner" and notes == ["outer close"]
    answer, notes = lab.noted("/close-reads-environ")
    assert answer.body == b"ok" and notes == ["close"]


def test_write_is_not_buffered_and_comes_first(lab):
    answer = lab.get("/write")
    assert answer.body == b"written twice then iterated"
    assert answer.kinds.count(frames.DATA) >= 4 - 1
    assert lab.get("/write-only").body == b"only written"
    answer = lab.get("/write-text")
    assert answer.status == 500


def test_write_beyond_content_length_raises(lab):
    answer, notes = lab.noted("/write-sized")
    assert answer.body == b"1234567" and answer.aborted is None
    assert notes == ["ProtocolError"]


def test_write_behind_the_end_raises(lab):
    assert lab.get("/write-after-end").body == b"ok"
    assert lab.get("/write-now").body == b"ProtocolError"


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_large_bodies_come_in_pieces(lab, size):
    answer = lab.get("/large", f"size={size}")
    assert answer.body == b"x" * size and answer.aborted is None
    answer = lab.get("/large", f"size={size}&sized=0")
    assert len(answer.body) == size and answer.length == 0


def test_a_client_that_left_ends_the_iteration(lab):
    lab.keys += 1
    lab.thread.request(PATH_INFO="/endless", QUERY_STRING=f"key={lab.keys}")
    lab.thread.expect(frames.HEAD)
    lab.thread.expect(frames.DATA)
    lab.thread.broken()
    assert lab.thread.answer().aborted is not None
    assert json.loads(lab.get("/notes", f"key={lab.keys}").body) == ["close"]


CONTENT = b"".join(b"%09d\n" % i for i in range(30000))


@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("kind", ["file", "unlinked", "noted", "offset", "descriptor-offset"])
def test_regular_files_are_sent_by_the_other_side(lab, kind, files):
    start = {"offset": 10, "descriptor-offset": 20}.get(kind, 0)
    answer, notes = lab.noted("/file", f"kind={kind}", files=files)
    assert frames.FILE in answer.kinds
    assert answer.length == len(CONTENT) - start
    assert answer.body == CONTENT[start:] and answer.aborted is None
    assert notes == (["close"] if kind == "noted" else [])


def test_content_length_limits_a_file(lab):
    answer = lab.get("/file", "kind=file&length=100000")
    assert frames.FILE in answer.kinds and answer.body == CONTENT[:100000]
    answer = lab.get("/file", "kind=file&length=400000")
    assert frames.FILE not in answer.kinds
    assert answer.body == CONTENT and answer.aborted is not None
    assert lab.get("/file", "kind=file", method="HEAD").length == len(CONTENT)


@pytest.mark.parametrize("kind", ["filelike", "bytesio", "gzip", "pipe"])
def test_other_files_are_read(lab, kind):
    answer = lab.get("/file", f"kind={kind}")
    assert answer.body == CONTENT and frames.FILE not in answer.kinds


def test_empty_files_are_empty_answers(lab):
    for kind in ("empty", "at-end"):
        answer = lab.get("/file", f"kind={kind}")
        assert (answer.body, answer.length, answer.aborted) == (b"", 0, None)
        assert answer.flags & frames.HEAD_LENGTH


def test_what_is_printed_is_logged_with_its_request(lab):
    lab.worker.logs()
    lab.get("/print", "text=now", **{"taipan.request_id": "r7"})
    out, err = lab.worker.logs()
    assert (out["stream"], out["level"], out["request"], out["text"]) == (
        "stdout",
        "output",
        "r7",
        "lab stdout now",
    )
    assert (err["stream"], err["text"]) == ("stderr", "lab stderr now")
    lab.get("/errors", "text=x")
    texts = [record["text"] for record in lab.worker.logs()]
    assert texts == [
        "lab errors: x",
        "lab line one\nlab line two",
        "lab euro \u20ac",
        "lab lone \\udc80",
    ]
