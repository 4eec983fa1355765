"""Answers by the connection object."""

import gc
import io
import os
import weakref
from datetime import datetime, timezone

import pytest

from support.connections import Lab
from taipan.scripts.request.head import ScriptHead

HTML = "text/html; charset=utf-8"


@pytest.fixture
def lab(tmp_path):
    return Lab(str(tmp_path))


@pytest.mark.parametrize(
    ("call", "status", "kind", "text"),
    [
        (lambda c: c.return_ok(), 200, None, ""),
        (lambda c: c.return_data(201, b"\x00\xff", "x/y"), 201, "x/y", None),
        (lambda c: c.return_data(200, "é", "text/plain"), 200, "text/plain; charset=utf-8", "é"),
        (lambda c: c.return_html(404, "<p>é"), 404, HTML, "<p>é"),
        (lambda c: c.return_notice(200, "T<", "M<"), 200, HTML, "<h1>T&lt;</h1>\n<p>M&lt;</p>"),
        (lambda c: c.return_admin_notice(299, None, "x"), 299, HTML, "<h1>Server Message</h1>"),
        (lambda c: c.return_status(410), 410, None, ""),
        (lambda c: c.return_no_response(), 204, None, ""),
        (lambda c: c.return_redirect(), 204, None, ""),
        (lambda c: c.return_not_modified(), 304, None, ""),
        (lambda c: c.return_bad_request("<b>"), 400, HTML, "<p>&lt;b&gt;</p>"),
        (lambda c: c.return_forbidden(), 403, HTML, "<h1>Forbidden</h1>"),
        (lambda c: c.return_not_found(), 404, HTML, "<h1>Not Found</h1>"),
        (lambda c: c.return_internal_error(), 500, HTML, "<h1>Internal Server Error</h1>"),
        (lambda c: c.return_not_implemented(), 501, HTML, "<h1>Not Implemented</h1>"),
    ],
)
def test_whole_replies(lab, call, status, kind, text):
    answer = lab.get(lambda conn, out: call(conn))
    assert (answer.status, answer.field("Content-Type")) == (status, kind)
    assert answer.complete and answer.pieces <= 1
    if status not in (204, 304):
        assert answer.field("Content-Length") == str(len(answer.body))
    if text is not None:
        assert (text in answer.body.decode()) if text else not answer.body
    head = lab.get(lambda conn, out: call(conn), REQUEST_METHOD="HEAD")
    # An empty body needs no length there.
    fields = answer.fields if answer.body else head.fields
    assert (head.status, head.body, head.fields) == (status, b"", fields)


def test_redirects_lead_to_this_server_or_elsewhere(lab):
    def location(url):
        answer = lab.get(lambda conn, out: conn.return_redirect(url))
        assert answer.status == 302
        return answer.field("Location"), answer.body.decode()

    assert location("/a b?c=é#d")[0] == "http://site.example:8000/a%20b?c=%C3%A9#d"
    assert location("https://example.org/%20")[0] == "https://example.org/%20"
    assert location("//example.org/")[0] == "//example.org/"
    assert '<a href="http://x/&quot;%3E"' not in location('http://x/">')[1]


def test_a_redirect_within_the_server(lab):
    def target(url, **environ):
        return lab.get(lambda conn, out: conn.redirect(url), **environ).field("X-Taipan-Redirect")

    assert target("/other?a=b") == "/other?a=b"
    assert target("other.py", SCRIPT_NAME="/folder/x.py") == "/folder/other.py"
    assert target("/é") == "/%C3%A9"
    for url in ("http://example.org/", "//example.org/"):
        assert lab.get(lambda conn, out, url=url: conn.redirect(url)).status == 500
        assert "return_redirect()" in lab.error


def test_a_request_is_run_again_with_another_path(lab):
    def script(conn, out):
        conn.request.set_url("/a b?c")
        conn.run_request()

    assert lab.get(script).field("X-Taipan-Redirect") == "/a%20b?c"


def test_a_password_is_asked_for(lab):
    def challenge(realm=None):
        answer = lab.get(lambda conn, out: conn.return_unauthorized(realm))
        assert answer.status == 401
        return answer.field("WWW-Authenticate")

    assert challenge() == 'Basic realm="site.example", charset="UTF-8"'
    assert challenge('a"b\\') == 'Basic realm="a\\"b\\\\", charset="UTF-8"'


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.set_headers("X-A", "1\r\nX-B: 2"),
        lambda c: c.set_headers("X-A\n", "1"),
        lambda c: c.set_headers("X A", "1"),
        lambda c: c.set_headers("X-A", "\x00"),
        lambda c: c.set_headers("X-A", "€"),
        lambda c: c.output_headers.__setitem__("X-A", "\n"),
        lambda c: c.output_headers.put_value(c.output_headers.put("X-A", "1"), "\n"),
        lambda c: c.set_type_header("a/b\n"),
        lambda c: c.set_expires_header("\r"),
        lambda c: c.return_data(200, b"", "a/b\r\nX: 1"),
        lambda c: c.return_redirect("/a\r\nX: 1"),
        lambda c: c.redirect("/a\nX: 1"),
        lambda c: c.return_unauthorized("a\r\nb"),
        lambda c: c.return_html(99, ""),
        lambda c: c.return_status("2 hundred"),
        lambda c: c.flush_headers(100),
        lambda c: setattr(c, "status", 600),
    ],
)
def test_what_no_head_may_have_is_refused_where_it_is_said(lab, call):
    caught = []

    def script(conn, out):
        with pytest.raises(ValueError) as raised:
            call(conn)
        caught.append(str(raised.value))
        conn.output_headers.truncate(0)
        conn.return_html(200, "ok")

    answer = lab.get(script)
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.fields == [("Content-Type", HTML), ("Content-Length", "2")]
    assert "\n" not in caught[0]


def test_fields_of_the_connection_join_those_that_are_printed(lab):
    def script(conn, out):
        conn.set_headers("X-A", "1")
        conn.set_headers("X-A", 2)
        conn.set_last_modified_header(0)
        conn.cond_set_headers("x-a", "3")
        out.write("Content-Type: text/plain\nX-A: 4\nLast-Modified: now\n\nbody")

    answer = lab.get(script)
    assert answer.fields == [
        ("X-A", "1"),
        ("X-A", "2"),
        ("Content-Type", "text/plain"),
        ("X-A", "4"),
        ("Last-Modified", "now"),
        ("Content-Length", "4"),
    ]
    assert answer.body == b"body"


def test_after_the_type_all_output_is_body(lab):
    def script(conn, out):
        conn.set_type_header("text/plain")
        out.write("Location: /elsewhere\n\nbody")

    answer = lab.get(script)
    assert (answer.status, answer.field("Content-Type")) == (200, "text/plain")
    assert answer.body == b"Location: /elsewhere\n\nbody"


def test_a_type_after_output_counts_unless_another_is_printed(lab):
    def script(text):
        def run(conn, out):
            out.write(text)
            conn.set_type_header("text/plain")

        return lab.get(run)

    assert script("hello").field("Content-Type") == "text/plain"
    printed = script("Content-Type: a/b\n\nhello")
    assert (printed.field("Content-Type"), printed.body) == ("a/b", b"hello")


@pytest.mark.parametrize(
    ("text", "status"),
    [("hello", 404), ("X: 1\n\n", 404), ("Status: 410\n\n", 410), ("Location: /a\n\n", 404)],
)
def test_a_printed_status_counts_more(lab, text, status):
    def script(conn, out):
        conn.status = 404
        out.write(text)

    answer = lab.get(script)
    assert answer.status == status
    assert answer.field("X-Taipan-Redirect") is None


def test_a_type_counts_more_than_the_default_of_a_page(lab):
    def script(conn, out):
        # As pages of Webware do.
        conn._script.output.make_head = lambda: ScriptHead("200 OK", [("Content-type", HTML)], 0)
        conn.set_type_header("text/plain")
        conn.status = 404
        out.write("page")

    assert lab.get(script).field("Content-Type") == "text/plain"


def test_location_alone_sends_the_client_elsewhere(lab):
    def script(conn, out):
        conn.set_headers("Location", "/other")
        out.write("moved")

    answer = lab.get(script)
    assert (answer.status, answer.field("X-Taipan-Redirect")) == (302, None)


def test_nothing_is_an_error_unless_the_connection_answers(lab):
    assert lab.get(lambda conn, out: conn.set_headers("X-A", "1")).status == 500
    assert "printed nothing" in lab.error
    assert lab.get(lambda conn, out: setattr(conn, "status", 204)).status == 204
    for empty in (
        lambda conn, out: conn.flush_headers(),
        lambda conn, out: conn.flush_headers(202),
        lambda conn, out: conn.write(""),
    ):
        answer = lab.get(empty)
        assert answer.status in (200, 202) and answer.field("Content-Length") == "0"


def test_a_whole_reply_is_the_response_whatever_is_printed(lab):
    def script(conn, out):
        out.write("before")
        conn.return_html(200, "reply")
        out.write("after")
        out.flush()
        out.buffer.write(b"more")

    assert lab.get(script).body == b"reply"
    assert lab.request.output.dropped == len("beforeaftermore")


def test_a_request_is_answered_once(lab):
    def script(conn, out):
        conn.return_ok()
        for call in (
            lambda: conn.return_html(200, ""),
            lambda: conn.write("x"),
            lambda: conn.redirect("/"),
            lambda: conn.set_headers("X-A", "1"),
            lambda: conn.flush_headers(),
            lambda: setattr(conn, "status", 300),
        ):
            with pytest.raises(RuntimeError, match=r"return_ok\(\) has answered the request"):
                call()

    assert lab.get(script).status == 200


def test_a_head_that_has_left_cannot_be_changed(lab):
    def script(conn, out):
        conn.write("first")
        conn.flush()
        for call in (
            lambda: conn.return_html(200, ""),
            lambda: conn.redirect("/"),
            lambda: conn.set_headers("X-A", "1"),
            lambda: conn.output_headers.truncate(0),
            lambda: setattr(conn, "status", 300),
        ):
            with pytest.raises(RuntimeError, match="has been sent already"):
                call()
        conn.write(b" second")
        out.write(" third")

    answer = lab.get(script)
    assert (answer.status, answer.body, answer.complete) == (200, b"first second third", True)


def test_nothing_can_be_said_after_the_request(lab):
    kept = []
    lab.get(lambda conn, out: (kept.append(conn), conn.return_ok()))
    with pytest.raises(RuntimeError, match="the request is over"):
        kept[0].set_headers("X-A", "1")


def test_the_body_is_written_piece_by_piece(lab, tmp_path):
    (tmp_path / "data").write_bytes(b"0123456789")

    def script(conn, out):
        assert conn.write("é") == 2
        out.write("[")
        assert conn.printf_header("%s-%d%%", "a", 1) == 4
        assert conn.printf_header("100%") == 4
        with open(tmp_path / "data", "rb") as file:
            assert conn.send_fp(file, 3) == 3
            assert conn.send_fp(file) == 7
            os.lseek(file.fileno(), 8, 0)
            assert conn.send_fd(file.fileno()) == 2
            assert conn.send_fp(io.BytesIO(b"ab"), 5) == 2
        assert conn.content_sent == 0
        conn.flush()
        assert conn.content_sent == conn.response_length > 20
        with pytest.raises(TypeError, match="not int"):
            conn.write(1)

    answer = lab.get(script)
    assert answer.body.decode() == "é[a-1%100%012345678989ab"
    assert answer.field("Content-Type") == HTML


def test_a_written_body_has_no_header_lines(lab):
    answer = lab.get(lambda conn, out: conn.write("Location: /elsewhere\n\n"))
    assert (answer.status, answer.body) == (200, b"Location: /elsewhere\n\n")


def test_the_head_is_sent_before_the_body(lab):
    def script(conn, out):
        conn.set_required_headers("text/plain", 6)
        conn.flush_headers(201)
        out.write("Status: 404"[:6])
        assert conn.response_status == 201

    answer = lab.get(script)
    assert (answer.status, answer.body) == (201, b"Status")
    assert answer.fields == [("Content-Type", "text/plain"), ("Content-Length", "6")]


def test_a_response_is_complete_before_its_script(lab):
    def script(before):
        def run(conn, out):
            before(conn, out)
            conn.close()
            assert lab.recorder.complete
            out.write("dropped")
            with pytest.raises(RuntimeError, match="has answered"):
                conn.write("refused")

        return lab.get(run)

    assert script(lambda conn, out: conn.return_html(200, "reply")).body == b"reply"
    assert script(lambda conn, out: out.write("printed")).field("Content-Length") == "7"
    assert script(lambda conn, out: conn.write("written")).body == b"written"


def test_a_file_is_sent_with_its_facts(lab, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(b"<p>x")
    os.utime(path, (1_000_000_000, 1_000_000_000.5))

    def get(*args, **environ):
        return lab.get(lambda conn, out: conn.return_file(*args), **environ)

    for name in (str(path), path, "page.html", "./sub/../page.html"):
        answer = get(200, None, name)
        assert (answer.status, answer.body) == (200, b"<p>x")
        assert answer.fields == [
            ("Content-Type", HTML),
            ("Last-Modified", "Sun, 09 Sep 2001 01:46:40 GMT"),
            ("Content-Length", "4"),
        ]
    head = get(200, None, path, REQUEST_METHOD="HEAD")
    assert (head.body, head.field("Content-Length")) == (b"", "4")
    assert get(404, "a/b", path).field("Content-Type") == "a/b"
    known = {"HTTP_IF_MODIFIED_SINCE": "Sun, 09 Sep 2001 01:46:40 GMT"}
    fresh = get(200, None, path, **known)
    assert (fresh.status, fresh.body) == (304, b"")
    assert fresh.field("Last-Modified") == "Sun, 09 Sep 2001 01:46:40 GMT"
    assert get(404, None, path, **known).status == 404
    assert get(200, None, path, REQUEST_METHOD="POST", **known).status == 200
    old = {"HTTP_IF_MODIFIED_SINCE": "Sun, 09 Sep 2001 01:46:39 GMT"}
    assert get(200, None, path, **old).status == 200


def test_what_is_no_file_is_not_found(lab, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    lab.root = str(root)
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    for name in ("none", "folder", "pipe", "a\0b", "../secret", "link", "", "x" * 5000, "a/../.."):
        answer = lab.get(lambda conn, out, name=name: conn.return_file(200, None, name))
        assert answer.status == 404, name
    absolute = lab.get(lambda conn, out: conn.return_file(200, None, str(tmp_path / "secret")))
    assert absolute.body == b"secret"


def test_open_files_are_read_at_once(lab, tmp_path):
    (tmp_path / "data").write_bytes(b"0123456789")

    def script(by_descriptor):
        def run(conn, out):
            out.write("dropped")
            with open(tmp_path / "data", "rb") as file:
                if by_descriptor:
                    conn.return_open_fd(200, "a/b", file.fileno(), 4)
                else:
                    conn.return_open_file(200, "a/b", file, 4)

        return lab.get(run)

    for by_descriptor in (False, True):
        answer = script(by_descriptor)
        assert (answer.body, answer.complete) == (b"0123", True)
        assert answer.fields == [("Content-Type", "a/b"), ("Content-Length", "4")]


def test_an_answer_that_has_not_left_is_taken_back(lab):
    def script(conn, out):
        out.write("before")
        conn.status = 404
        conn.return_html(200, "first")
        conn.reset()
        out.write("Content-Type: text/plain\n\nsecond")

    answer = lab.get(script)
    assert (answer.status, answer.body) == (200, b"second")


def test_times_are_compared(lab):
    def script(conn, out):
        assert conn.modified_since(1_000_000_001)
        assert not conn.modified_since(1_000_000_000.9)
        assert not conn.modified_since(datetime(2001, 9, 9, tzinfo=timezone.utc))
        conn.set_expires_header(datetime.fromtimestamp(0, timezone.utc))
        conn.return_ok()

    known = {"HTTP_IF_MODIFIED_SINCE": "Sun, 09 Sep 2001 01:46:40 GMT"}
    assert lab.get(script, **known).field("Expires") == "Thu, 01 Jan 1970 00:00:00 GMT"
    huge = (
        "Sun, 09 Sep 99999999999999999999 01:46:40 GMT",
        "Sun, 09 Sep 2001 01:46:40 +" + "9" * 20,
    )
    for text in ("rubbish", "", "Sun, 99 Sep 2001 99:99:99 GMT", *huge):
        answer = lab.get(
            lambda conn, out: conn.return_status(200 if conn.modified_since(0) else 500),
            HTTP_IF_MODIFIED_SINCE=text,
        )
        assert answer.status == 200


def test_a_request_is_gone_with_its_last_reference(lab):
    kept = []

    def script(conn, out):
        conn.set_headers("X-A", "1")
        kept.extend([weakref.ref(lab.request), weakref.ref(conn), conn.output_headers])
        conn.return_html(200, conn.headers["host"])

    gc.disable()
    try:
        lab.get(script)
        lab.request = None
        assert [kept[0](), kept[1]()] == [None, None]
    finally:
        gc.enable()
    with pytest.raises(RuntimeError, match="the request is over"):
        kept[2].put("X-B", "2")


def test_output_that_is_dropped_takes_an_answer_back(lab):
    def script(conn, out):
        conn.return_html(200, "first")
        # As an error page does.
        lab.request.drop()
        conn.return_html(500, "second")

    answer = lab.get(script)
    assert (answer.status, answer.body) == (500, b"second")
