"""Pages and records for failed scripts."""

import pytest

from support.connections import Lab
from taipan.events import ClientDisconnected
from taipan.scripts.failure_page import answer_failure

SECTION = "NS/environment/Python"


def fail(tmp_path, error=None, **formats):
    """The answer to a request that fails, and the log; None if there is no answer for it."""
    lab = Lab(str(tmp_path), config={SECTION: formats, "other": {}})
    failure = LookupError("<lost>") if error is None else error

    def script(conn, out):
        out.write("before")
        conn.set_headers("X-A", "1")
        try:
            raise failure
        except Exception as raised:
            if not answer_failure(raised, lab.request):
                conn.return_status(299)

    answer = lab.get(script, REQUEST_URI="/x.py?<a>")
    return (None if answer.status == 299 else answer), lab.recorder.records


def test_without_formats_there_is_no_answer(tmp_path):
    assert fail(tmp_path) == (None, [])
    assert fail(tmp_path, ClientDisconnected("left"), ExceptionHTMLFmt="x") == (None, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Sorry.", "<p>Sorry."),
        ("<p>%s 100%%", "<p>/x.py?&lt;a&gt; 100%"),
        ("%(url)s", "/x.py?&lt;a&gt;"),
        ("100% %(url)s", "100% %(url)s"),
        ("%(nothing)s", "%(nothing)s"),
    ],
)
def test_a_page_gets_the_url(tmp_path, text, expected):
    answer, records = fail(tmp_path, ExceptionHTMLFmt=text)
    assert (answer.status, answer.body.decode()) == (500, expected)
    assert answer.field("X-A") is None
    assert records == ["error: LookupError: <lost>"]


def test_a_traceback_is_shown_where_a_format_asks_for_it(tmp_path):
    for text in ("%s|%s", "%(url)s|%(traceback)s"):
        answer, _ = fail(tmp_path, ExceptionHTMLFmt=text)
        url, _, traceback = answer.body.decode().partition("|")
        assert url == "/x.py?&lt;a&gt;"
        assert "in script" in traceback and "LookupError: &lt;lost&gt;" in traceback


def test_a_record_has_its_format(tmp_path):
    answer, records = fail(tmp_path, ExceptionLogFmt="%s failed:\n%s")
    assert b"<h1>Internal Server Error</h1>" in answer.body and b"lost" not in answer.body
    assert records[0].startswith("error: /x.py?<a> failed:\nTraceback")
    assert records[0].rstrip().endswith("LookupError: <lost>")


@pytest.mark.parametrize("status", [400, 413])
def test_a_form_is_refused(tmp_path, status):
    from taipan.forms import FormError

    answer, records = fail(tmp_path, FormError("too many fields", status), ExceptionHTMLFmt="x")
    assert answer.status == status and answer.body.endswith(b"\n")
    assert records == [f"info: {tmp_path}/x.py: too many fields; answered with {status}"]
