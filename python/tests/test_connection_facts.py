"""What the connection object tells about a request."""

import base64
import io
import threading

import pytest

from support.connections import Lab
from taipan.connection import conn as current
from taipan.connection.request import Request, split_line


@pytest.fixture
def lab(tmp_path):
    return Lab(str(tmp_path))


def ask(lab, question, **more):
    """What `question` gives for the connection of a request."""
    found = []

    def script(conn, out):
        found.append(question(conn))
        conn.return_ok()

    assert lab.get(script, **more).status == 200, lab.recorder.records
    return found[0]


def test_client_and_server(lab):
    def facts(conn):
        return (conn.peer, conn.peer_port, conn.location, conn.host, conn.port, conn.server)

    site = ("site.example", 8000, "site.example")
    assert ask(lab, facts) == ("192.0.2.7", 4321, "http://site.example:8000", *site)
    secure = {"HTTP_HOST": "[::1]", "wsgi.url_scheme": "https", "REMOTE_PORT": ""}
    found = ask(lab, facts, **secure)
    assert found == ("192.0.2.7", 0, "https://[::1]", "[::1]", 443, "[::1]")
    for port, location in [("80", "http://127.0.0.1"), ("81", "http://127.0.0.1:81")]:
        bare = {"HTTP_HOST": "", "SERVER_PORT": port}
        assert ask(lab, lambda conn: conn.location, **bare) == location


def test_the_request(lab):
    line = {"REQUEST_URI": "/a%20b/x.py/c/?q=1", "SCRIPT_NAME": "/a b/x.py", "PATH_INFO": "/c/"}
    request = ask(lab, lambda conn: conn.request, QUERY_STRING="q=1", **line)
    assert request.line == "GET /a%20b/x.py/c/?q=1 HTTP/1.1"
    assert (request.method, request.url, request.query) == ("GET", "/a b/x.py/c/", "q=1")
    assert (request.parts, request.version) == (["a b", "x.py", "c"], 1.1)
    assert (request.protocol, request.host, request.port) == ("", "", 0)
    assert [request.skip_url(count) for count in (0, 2, 3)] == ["/a b/x.py/c/", "/c/", ""]


def test_lines_of_requests():
    request = Request(*split_line("GET http://example.org:81/a%2Fb?c=d HTTP/1.0\r\n"))
    assert (request.method, request.url, request.query) == ("GET", "/a/b", "c=d")
    assert (request.protocol, request.host, request.port) == ("http", "example.org", 81)
    assert request.version == 1.0
    bare = Request(*split_line("GET /a?u=http://b"))
    assert (bare.url, bare.version, bare.line) == ("/a", 0.9, "GET /a?u=http://b")
    assert Request("GET", "http://example.org").url == "/"
    for line in ("", "GET", " GET /"):
        with pytest.raises(ValueError, match="no first line"):
            Request(*split_line(line))


def test_header_fields(lab):
    headers = ask(lab, lambda conn: conn.headers, HTTP_X_MINE="1, 2", CONTENT_TYPE="a/b")
    assert headers["x-mine"] == "1, 2"
    assert headers["content-type"] == "a/b"
    assert headers.name == "headers"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"ada:pass:word", ("ada", "pass:word")),
        ("zoë:é".encode(), ("zoë", "é")),
        (b"nobody", (None, None)),
        (None, (None, None)),
    ],
)
def test_credentials(lab, value, expected):
    text = "Basic !" if value is None else f"basic {base64.b64encode(value).decode()}"
    found = ask(lab, lambda conn: (conn.auth_user, conn.auth_passwd), HTTP_AUTHORIZATION=text)
    assert found == expected
    checked = {"HTTP_AUTHORIZATION": text, "REMOTE_USER": "checked"}
    assert ask(lab, lambda conn: conn.auth_user, **checked) == "checked"


def test_other_credentials_have_no_name(lab):
    assert ask(lab, lambda conn: conn.auth_user) is None
    assert ask(lab, lambda conn: conn.auth_user, HTTP_AUTHORIZATION="Bearer YTpi") is None


def test_the_query_counts_more_than_a_form(lab):
    form = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "body": b"a=3&a=4&b=",
    }
    query = ask(lab, lambda conn: conn.query, QUERY_STRING="a=1&A=%C3%A9&b", **form)
    assert query.items() == [("a", "1"), ("A", "é"), ("b", "")]
    assert ask(lab, lambda conn: conn.get_query(), **form).items() == [
        ("a", "3"),
        ("a", "4"),
        ("b", ""),
    ]
    assert ask(lab, lambda conn: conn.query) is None
    assert ask(lab, lambda conn: conn.query, CONTENT_TYPE="text/plain", body=b"a=1") is None
    many = "&".join("a=1" for _ in range(1001))
    with pytest.raises(AssertionError, match="more than 1000 fields"):
        ask(lab, lambda conn: conn.query, QUERY_STRING=many)


def test_an_upload_has_the_name_of_its_file_in_the_query(lab):
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\ndata\r\n--x--'
    kind = "multipart/form-data; boundary=x"
    more = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind, "body": part}
    found = ask(lab, lambda conn: (conn.query.items(), conn.form["f"].value), **more)
    assert found == ([("f", "f.txt")], b"data")


def test_the_body_is_read_piece_by_piece(lab, tmp_path):
    def read(conn):
        assert conn.content_length == 26
        assert conn.read(2) == b"ab"
        assert conn.read_line() == b"c\n"
        assert conn.read_line(2) == b"de"
        file = io.BytesIO()
        assert conn.copy_to_file(file, 3) == 3
        assert conn.copy_to_file(tmp_path / "copy", 2) == 2
        with open(tmp_path / "other", "wb") as other:
            assert conn.copy_to_fd(other.fileno(), 2) == 2
        assert file.getvalue() == b"fgh"
        assert conn.flush_content() == 13
        assert conn.read() == b"" and conn.copy_to_file(io.BytesIO()) == 0
        return (tmp_path / "copy").read_bytes(), (tmp_path / "other").read_bytes()

    body = b"abc\ndefghijklmnopqrstuvwxyz"[:26]
    assert ask(lab, read, body=body) == (b"ij", b"kl")


def test_a_body_without_a_length(lab):
    for text in ("", "x", "-1", "²"):
        assert ask(lab, lambda conn: conn.content_length, CONTENT_LENGTH=text) == 0


def test_there_is_no_connection_outside_of_requests():
    with pytest.raises(RuntimeError, match="there is no connection here"):
        current.peer  # noqa: B018
    with pytest.raises(RuntimeError, match="there is no connection here"):
        current.status = 200
    assert not hasattr(current, "__wrapped__")
    assert repr(current) == "<connection of no request>"
    assert "return_html" in dir(current)


def test_threads_of_a_request_share_its_connection(lab):
    from taipan.connection import connection_of

    def script(conn, out):
        lab.request.connection = None
        del lab.request.connection
        gate = threading.Barrier(4)
        found = []

        def work():
            gate.wait()
            found.append(connection_of(lab.request))
            found[-1].set_headers("X-A", "1")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, found))) == 1
        out.write("Content-Type: text/plain\n\n")

    assert lab.get(script).fields.count(("X-A", "1")) == 4
