"""The page about an exception: what it shows, what it hides, and its bounds."""

from __future__ import annotations

import html.parser
import io
import json
import os
import re
import sys
import threading
import time

import pytest

from taipan.error_page import describe_error, describe_request, format_html, format_json
from taipan.error_page.editor_link import format_link
from taipan.error_page.secret_values import is_telling
from taipan.error_page.trace import Frame, Gap
from taipan.error_page.values import NOT_SHOWN, VALUE_LIMIT, format_value, format_values
from taipan.events import Editor
from taipan.psp.page import PageOptions, compile_page

ENVIRON = {
    "REQUEST_METHOD": "POST",
    "REQUEST_URI": "/shop/cart?item=3&api_token=query-secret",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/shop/cart",
    "HTTP_HOST": "example.org",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "HTTP_COOKIE": "theme=dark; sessionid=cookie-secret; other=0123456789abcdef0123",
    "HTTP_AUTHORIZATION": "Basic header-secret",
    "HTTP_X_CSRFTOKEN": "csrf-secret",
    "HTTP_REFERER": "https://ada:referer-secret@example.org/?password=referer-secret",
    "CONTENT_TYPE": "application/x-www-form-urlencoded",
    "wsgi.url_scheme": "https",
    "wsgi.input": io.BytesIO(b"name=Ada&password=form-secret"),
    "taipan.request_id": "r-17",
    "REMOTE_ADDR": "192.0.2.1",
}


class Reader(html.parser.HTMLParser):
    """The elements, their attributes and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.open = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, tag):
        return [name for name, _ in self.tags].count(tag)


def catch(function, *arguments):
    try:
        function(*arguments)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def run(source, path="/nowhere/app.py", **names):
    """Runs source that raises, as the file `path`."""
    return catch(exec, compile(source, path, "exec"), {"__name__": "app", **names})


def page_of(error, request=None):
    return format_html(describe_error(error, request), "500 Internal Server Error").html


def frames_of(error, at=0):
    trace = describe_error(error).problems[at].trace
    return [entry for entry in trace if isinstance(entry, Frame)]


def variables_of(error):
    return dict(frames_of(error)[-1].variables)


def shop(order, *, password):
    token = "local-secret"
    settings = {"user": "ada", "api_key": "dict-secret", "deep": [{"secret": "deep-secret"}]}
    headers = [(b"cookie", b"scope-" + b"secret"), (b"host", b"example.org")]
    address = "postgres://ada:url-secret@db/shop"
    raise LookupError(f"no order {order} at {address}, {len(token) + len(settings)}{headers[1:]}")


def test_the_error_its_place_and_the_request_are_shown():
    page = Reader(page_of(catch(lambda: shop(42, password="x")), describe_request(ENVIRON)))
    assert page.open == []
    for text in (
        "500 Internal Server Error",
        "LookupError",
        "no order 42",
        "def shop(order, *, password):",
        "Ada",
        "theme",
        "dark",
        "r-17",
        "192.0.2.1",
        "Traceback (most recent call last)",
    ):
        assert text in page.text
    assert [tag for tag, _ in page.tags if tag in ("h1", "main", "header")] == [
        "header",
        "h1",
        "main",
    ]
    assert all(attrs.get("scope") == "row" for tag, attrs in page.tags if tag == "th")


def test_no_secret_is_shown():
    report = describe_error(
        catch(lambda: shop(42, password="argument-secret")), describe_request(ENVIRON)
    )
    page = format_html(report, "500 Internal Server Error").html
    for secret in (
        "query", "cookie", "header", "csrf", "referer", "form", "local", "dict", "deep", "scope",
        "url", "argument",
    ):  # fmt: skip
        assert f"{secret}-secret" not in page + report.text, secret
    assert "0123456789abcdef" not in page
    assert "********" in report.text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("password", "x", "********"),
        ("DB_PASSWD", "x", "********"),
        ("csrfToken", "x", "********"),
        ("csrfmiddlewaretoken", "x", "********"),
        ("SECRET_KEY", "x", "********"),
        ("http_authorization", "x", "********"),
        ("session", None, "None"),
        ("author", "Ada", "'Ada'"),
        ("keyboard", "x", "'x'"),
        ("n", 17, "17"),
        ("url", "redis://:pw@host/0", "'redis://:********@host/0'"),
        ("url", "amqp://u:p@ss/w@host", "'amqp://u:********@host'"),
        ("url", "http://host:8000/@me", "'http://host:8000/@me'"),
        ("line", "Authorization: Bearer ey123456.abc", "'Authorization: Bearer ********'"),
        ("line", "basic questions", "'basic questions'"),
        ("line", "a=1&token=2&b=3", "'a=1&token=********&b=3'"),
        ("environ", {"QUERY_STRING": "key=1&a=2"}, "{'QUERY_STRING': 'key=********&a=2'}"),
        ("names", ["id", "key", "name"], "['id', 'key', 'name']"),
        ("fields", [("Cookie", "a=b"), ("Host", "x")], "[('Cookie', ********), ('Host', 'x')]"),
        ("one", (1,), "(1,)"),
        ("sets", {1}, "{1}"),
        ("frozen", frozenset(), "frozenset()"),
        pytest.param("big", 10**5000, "(int of 16610 bits)", id="big"),
        ("yes", True, "True"),
    ],
)
def test_values(name, value, shown):
    assert format_value(name, value) == shown


def test_a_value_in_the_repr_of_an_object_is_masked():
    class User:
        def __repr__(self):
            return "User(name='ada', password='hunter2', api_key=k1)"

    [text] = format_values([("user", User())])
    assert text == "User(name='ada', password=********, api_key=********)"


def test_everything_is_escaped():
    evil = "<script>alert(1)</script>\"'&"
    error = run(f"def f(a):\n  raise ValueError(a)\nf({evil!r})", f"/nowhere/{evil}.py")
    request = {
        **ENVIRON,
        "HTTP_X_EVIL": evil,
        "REQUEST_URI": f"/{evil}?a={evil}",
        "HTTP_HOST": evil,
    }
    page = page_of(error, describe_request(request))
    assert "<script>alert" not in page
    assert Reader(page).count("script") == 1


def test_the_policy_allows_nothing_but_the_parts_of_the_page():
    report = describe_error(catch(shop, 1))
    page, other = (format_html(report, "500 x") for _ in range(2))
    assert page.policy.startswith("default-src 'none'; ") and "unsafe" not in page.policy
    nonces = re.findall(r"'nonce-([^']+)'", page.policy)
    assert len(set(nonces)) == 1 and nonces[0] not in other.html
    inline = [attrs for tag, attrs in Reader(page.html).tags if tag in ("script", "style")]
    assert inline == [{"nonce": nonces[0]}] * 2
    assert not re.search(r"""\s(?:style|on\w+)=|(?:src|href)=|https?://""", page.html)


def test_values_that_raise_are_named():
    class Bad:
        def __repr__(self):
            raise RuntimeError("no")

    class Worse:
        @property
        def __class__(self):
            raise RuntimeError("no class")

        def __repr__(self):
            return 17

    def fail():
        bad, worse, good = Bad(), Worse(), "here"
        raise ValueError([good, id(bad), id(worse)])

    shown = variables_of(catch(fail))
    assert shown["good"] == "'here'"
    assert "RuntimeError" in shown["bad"] and "TypeError" in shown["worse"]


def test_values_that_do_not_return_are_left_behind_and_end():
    waiting = threading.Event()

    class Endless:
        def __repr__(self):
            while True:
                pass

    class Blocking:
        def __repr__(self):
            waiting.wait()
            return "late"

    threads = threading.active_count()
    values = [("a", 1), ("b", Endless()), ("c", 2), ("d", Blocking()), ("e", 3)]
    began = time.monotonic()
    assert format_values(values) == ["1", NOT_SHOWN, "2", NOT_SHOWN, "3"]
    assert time.monotonic() - began < 30
    waiting.set()
    assert threading.active_count() == threads


def test_threads_that_hang_are_few():
    waiting = threading.Event()

    class Blocking:
        def __repr__(self):
            waiting.wait()
            return "late"

    try:
        shown = [format_values([("a", Blocking())] * 3 + [("b", 1)]) for _ in range(3)]
        assert shown[0] == [NOT_SHOWN] * 3 + ["(not shown)"]
        assert shown[2] == [NOT_SHOWN] * 2 + ["(not shown)"] * 2
    finally:
        waiting.set()
    for _ in range(1000):
        if format_values([("b", 1)]) == ["1"]:
            break
        time.sleep(0.01)
    assert format_values([("b", 1)]) == ["1"]


def test_pages_are_bounded():
    def fail():
        big = list(range(1_000_000))
        deep = nested = []
        for _ in range(100):
            nested.append([])
            nested = nested[0]
        raise ValueError("m" * 100_000, len(big), deep)

    def many(**names):
        raise ValueError(len(names))

    huge = {f"x{number}": "y" * 10_000 for number in range(2000)}
    for error in (catch(fail), catch(lambda: many(**huge))):
        report = describe_error(error)
        frame = report.problems[0].trace[-1]
        assert all(len(value) < VALUE_LIMIT + 40 for _, value in frame.variables)
        assert len(format_html(report, "500 x").html) < 1_500_000
    source = "".join(f"v{number} = {number}\n" for number in range(200)) + "1 / 0\n"
    frame = frames_of(run(source))[-1]
    assert (len(frame.variables), frame.others) == (40, 160)


def test_recursions_are_collapsed():
    def down(depth):
        return up(depth + 1)

    def up(depth):
        return down(depth + 1)

    trace = describe_error(catch(down, 0)).problems[0].trace
    gaps = [entry.text for entry in trace if isinstance(entry, Gap)]
    assert len(gaps) == 1 and re.fullmatch(r"the same 2 calls, \d+ more times", gaps[0])
    assert len(trace) < 12
    names = [entry.function.rpartition(".")[2] for entry in trace if isinstance(entry, Frame)]
    assert (
        names[-4:] in (["down", "up", "down", "up"], ["up", "down", "up", "down"])
        or "down" in names
    )


def test_deep_stacks_without_repetition_are_cut():
    source = "".join(f"def f{n}(): f{n + 1}()\n" for n in range(200)) + "f0()\n"
    trace = describe_error(run(source)).problems[0].trace
    assert len(trace) == 41 and any(isinstance(entry, Gap) for entry in trace)


def test_causes_and_contexts_follow():
    error = run(
        "try:\n  try:\n    {}['first']\n  except KeyError as e:\n"
        "    raise ValueError('second') from e\n"
        "except ValueError:\n  raise RuntimeError('third')\n"
    )
    problems = describe_error(error).problems
    assert [(one.kind, one.lead) for one in problems] == [
        ("RuntimeError", ""),
        ("ValueError", "RuntimeError was raised while this was handled:"),
        ("KeyError", "ValueError was raised because of"),
    ]
    page = Reader(page_of(error)).text
    assert "ValueError was raised because of KeyError" in page
    assert "RuntimeError was raised while this was handled: ValueError" in page


def test_what_is_suppressed_is_not_shown_and_circles_end():
    error = run("try:\n  1 / 0\nexcept ArithmeticError:\n  raise KeyError('x') from None\n")
    assert [one.kind for one in describe_error(error).problems] == ["KeyError"]
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert len(describe_error(one).problems) == 2
    chain = ValueError(0)
    for number in range(1, 50):
        later = ValueError(number)
        later.__cause__, chain = chain, later
    report = describe_error(chain)
    assert (len(report.problems), report.others) == (20, 30)
    assert "and 30 more" in page_of(chain)


def test_members_of_groups_are_shown():
    class Group(Exception):
        """As those of Python 3.11 and its backport."""

        def __init__(self, message, exceptions):
            super().__init__(message)
            self.exceptions = tuple(exceptions)

    make = Group if sys.version_info < (3, 11) else ExceptionGroup  # noqa: F821
    members = [run("raise KeyError('first')"), run("raise ValueError('second')")]
    members[0].__cause__ = OSError("its cause")
    inner = make("inner", members)
    error = catch(exec, "raise error from RuntimeError()", {"error": make("outer", [inner])})
    told = [(one.kind, one.lead, one.depth) for one in describe_error(error).problems]
    name = told[0][0]
    assert told == [
        (name, "", 0),
        (name, f"1 of 1 in {name}:", 1),
        ("KeyError", f"1 of 2 in {name}:", 2),
        ("OSError", "KeyError was raised because of", 2),
        ("ValueError", f"2 of 2 in {name}:", 2),
        ("RuntimeError", f"{name} was raised because of", 0),
    ]
    page = Reader(page_of(error))
    assert "1 of 2 in" in page.text
    sections = [attrs.get("class") for tag, attrs in page.tags if tag == "section"]
    assert sections == ["depth-1", "depth-2", "depth-2", "depth-2", None]


def test_notes_are_shown():
    error = ValueError("x")
    error.__notes__ = ["look at <this>", 17]
    assert describe_error(error).problems[0].notes == ("look at <this>",)


@pytest.mark.parametrize("message", ["password=hidden7", "first\npassword=hidden7", "x" * 9000])
def test_the_text_hides_what_messages_and_notes_tell(message):
    chain = ValueError("last")
    for _ in range(30):
        earlier = ValueError(message)
        earlier.__notes__ = ["token=hidden7 of a note"]
        earlier.__cause__, chain = chain, earlier
    report = describe_error(chain)
    assert "hidden7" not in report.text + format_html(report, "500 x").html
    assert "token=********" in report.text


def test_syntax_errors_have_their_place(tmp_path):
    path = tmp_path / "app.py"
    path.write_text("first = 1\n\tsecond = (1,\n", "utf-8")
    error = catch(compile, path.read_text("utf-8"), str(path), "exec")
    frame = frames_of(error)[-1]
    assert (frame.path, frame.line, frame.function) == (str(path), error.lineno, "")
    assert frame.excerpt.lines[error.lineno - frame.excerpt.first].strip() == "second = (1,"
    gone = catch(compile, "x = = 1", "<text>", "exec")
    frame = frames_of(gone)[-1]
    assert frame.excerpt.lines == ("x = = 1",) and frame.excerpt.marks == ((4, 5),)
    assert describe_error(gone).problems[0].message == "invalid syntax"


def test_the_part_of_the_line_is_marked(tmp_path):
    path = tmp_path / "app.py"
    source = "def f(x):\n    return 'ü' + (x / 0) + 1\nf(1)\n"
    path.write_text(source, "utf-8")
    excerpt = frames_of(run(source, str(path)))[-1].excerpt
    line = excerpt.lines[excerpt.marked - excerpt.first]
    marked = line[slice(*excerpt.marks[excerpt.marked - excerpt.first])]
    assert marked == ("x / 0" if sys.version_info >= (3, 11) else "")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python knows no columns")
def test_the_part_of_several_lines_is_marked(tmp_path):
    path = tmp_path / "app.py"
    source = "def f(x):\n    return 1 + int(\n        'ü',\n        10 * x,\n    ) + 1\nf(1)\n"
    path.write_text(source, "utf-8")
    excerpt = frames_of(run(source, str(path)))[-1].excerpt
    marked = [line[slice(*mark)] for line, mark in zip(excerpt.lines, excerpt.marks)]
    assert excerpt.marked == 2
    assert marked == ["", "int(", "'ü',", "10 * x,", ")", ""]


@pytest.mark.parametrize("content", [b"# \xff\n1 / 0\n", b"# coding: latin-1\n# \xe4\n1 / 0\n"])
def test_sources_in_other_encodings_are_shown(tmp_path, content):
    path = tmp_path / "app.py"
    path.write_bytes(content)
    above = "\n" * (content.count(b"\n") - 1)
    frame = frames_of(run(f"{above}1 / 0", str(path)))[-1]
    assert frame.excerpt.lines[frame.line - frame.excerpt.first] == "1 / 0"


def test_missing_sources_are_told():
    assert "There is no source to show." in page_of(run("1 / 0"))


def test_frames_of_libraries_are_folded():
    import json

    page = page_of(catch(lambda: json.loads("{")))
    folded = re.search(r'<details class="library"><summary>(.*?)</summary>', page)
    assert folded and re.fullmatch(r"\d calls in Python", folded.group(1))
    assert '<details class="frame" open><summary' in page


def test_an_error_that_nobody_raised_has_a_page():
    assert "ValueError" in page_of(ValueError("x"))


@pytest.mark.parametrize(
    ("accept", "method", "wanted"),
    [
        ("text/html", "GET", "html"),
        ("application/xhtml+xml;q=0.5", "GET", "html"),
        ("text/html;q=0", "GET", "text"),
        ("text/html", "HEAD", "text"),
        ("*/*", "GET", "text"),
        ("application/json", "GET", "json"),
        ("application/problem+json, */*;q=0.5", "POST", "json"),
        ("application/json, text/html;q=0.9", "GET", "html"),
        ("application/json;q=0", "GET", "text"),
        ("", "GET", "text"),
    ],
)
def test_clients_get_what_they_take(accept, method, wanted):
    request = {**ENVIRON, "HTTP_ACCEPT": accept, "REQUEST_METHOD": method}
    assert describe_request(request).wanted == wanted


def test_programs_get_json():
    error = run(
        "try:\n  {}['first']\nexcept KeyError as e:\n  raise ValueError('token=abc') from e"
    )
    told = json.loads(format_json(describe_error(error), "500 Internal Server Error"))
    assert told["status"] == "500 Internal Server Error"
    assert (told["exception"]["type"], told["exception"]["message"]) == (
        "ValueError",
        "token=********",
    )
    assert told["exception"]["calls"][-1] == {
        "file": "/nowhere/app.py",
        "line": 4,
        "function": "<module>",
    }
    assert [one["lead"] for one in told["related"]] == ["ValueError was raised because of"]
    assert told["traceback"][-1] == "ValueError: token=********"


def test_a_scope_is_described_like_an_environ():
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": "/ä",
        "raw_path": b"/%C3%A4",
        "query_string": b"a=1&token=2",
        "headers": [(b"host", b"example.org"), (b"accept", b"text/html"), (b"cookie", b"a=b")],
        "client": ("192.0.2.1", 1),
    }
    facts = describe_request(scope)
    assert facts.url == "https://example.org/%C3%A4?a=1&token=********"
    assert facts.wanted == "html"
    assert [title for title, _ in facts.sections] == ["Query", "Cookies", "Headers"]
    title, others = facts.others
    assert title == "Scope"
    assert ("client", "('192.0.2.1', 1)") in others and ("type", "'http'") in others
    assert "headers" not in dict(others)


def test_the_body_is_not_read():
    class Input:
        def read(self, *_arguments):
            raise AssertionError("the body was read")

    assert "Form" not in dict(describe_request({**ENVIRON, "wsgi.input": Input()}).sections)
    body = io.BytesIO(b"name=Ada")
    body.read(3)
    sections = dict(describe_request({**ENVIRON, "wsgi.input": body}).sections)
    assert sections["Form"] == (("name", "Ada"),) and body.tell() == 3


def multipart(*parts):
    lines = [f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}" for head, text in parts]
    return "\r\n".join([*lines, "--b--\r\n"]).encode()


@pytest.mark.parametrize(
    ("kind", "body", "section"),
    [
        (
            "multipart/form-data; boundary=b",
            multipart(
                ('name="who"', "Ada"),
                ('name="password"', "form-secret"),
                ('name="picture"; filename="a.png"', "1234"),
            ),
            (
                "Form",
                (
                    ("who", "Ada"),
                    ("password", "********"),
                    ("picture", "(file 'a.png', text/plain, 4 bytes)"),
                ),
            ),
        ),
        (
            "application/json",
            b'{"who": "Ada", "password": "form-secret"}',
            ("Body", (("JSON", '{"who": "Ada", "password": ********}'),)),
        ),
        ("multipart/form-data; boundary=b", b"no form", None),
        ("multipart/form-data", b"no boundary", None),
        ("application/octet-stream", b"bytes", None),
    ],
)
def test_bodies_of_many_kinds_are_shown(kind, body, section):
    environ = {**ENVIRON, "CONTENT_TYPE": kind, "wsgi.input": io.BytesIO(body)}
    sections = describe_request(environ).sections
    assert section in sections if section else {"Form", "Body"}.isdisjoint(dict(sections))


def test_the_rest_of_the_environ_is_folded():
    class Odd:
        def __repr__(self):
            raise ValueError("no")

    environ = {**ENVIRON, "SERVER_NAME": "host", "app.token": "environ-secret", "odd": Odd()}
    facts = describe_request(environ)
    title, others = facts.others
    shown = dict(others)
    assert title == "Environ" and shown["SERVER_NAME"] == "'host'"
    assert shown["app.token"] == "********" and "ValueError" in shown["odd"]
    assert not any(name.startswith("HTTP_") for name in shown)
    page = page_of(ValueError(), facts)
    assert (
        '<details class="more"><summary>Environ</summary>' in page and "environ-secret" not in page
    )


def test_what_is_a_secret_is_masked_wherever_it_stands():
    def fail(password, config, session_token):
        copy = [password, "x" + config["db_secret"]]
        raise ValueError(f"{password} and {session_token} are wrong, {len(copy)}")

    credentials = "Basic YWRhOmxvdmVsYWNl"
    environ = {
        **ENVIRON,
        "HTTP_AUTHORIZATION": credentials,
        "REQUEST_URI": "/lovelace",
        "HTTP_X_OTHER": "of lovelace",
    }
    error = catch(fail, "hunter2", {"db_secret": "prime-13"}, "0123456789abcdef")
    report = describe_error(error, describe_request(environ))
    page = format_html(report, "500 x").html
    for secret in ("hunter2", "prime-13", "0123456789abcdef", "lovelace", "YWRhOm"):
        assert secret not in page + report.text + format_json(report, ""), secret
    assert report.problems[0].message == "******** and ******** are wrong, 2"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("password", "monkey", True),
        ("password", "password", False),
        ("password", "abc", False),
        ("key", "settings", False),
        ("key", "settings_of_the_shop", False),
        ("api_key", "0123456789abcdef", True),
        ("name", "0123456789abcdef", False),
        ("PWD", os.getcwd(), False),
    ],
)
def test_words_are_no_secrets(name, value, told):
    assert is_telling(name, value) is told


EDITOR = Editor("Ed", "ed://open{path}?{relative}:{line}:{column}&a", "/nowhere")


def test_calls_open_the_editor(tmp_path):
    path = tmp_path / "a b'<&\".py"
    path.write_text("x = 0\ny = 1 / x\n", "utf-8")
    error = run(path.read_text("utf-8"), str(path))
    page = format_html(describe_error(error), "500 x", EDITOR).html
    # The last call comes first.
    link = next(attrs["href"] for tag, attrs in Reader(page).tags if tag == "a")
    quoted = f"{tmp_path}/a%20b%27%3C%26%22.py"
    relative = os.path.relpath(quoted, "/nowhere")
    column = 5 if sys.version_info >= (3, 11) else 1
    assert link == f"ed://open{quoted}?{relative}:2:{column}&a"
    assert "Open in Ed" in page


@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are text there")
def test_files_whose_names_are_no_text_are_opened_too(tmp_path):
    path = os.path.join(tmp_path, os.fsdecode(b"caf\xe9.py"))
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("1 / 0\n")
    page = format_html(describe_error(run("1 / 0", path)), "500 x", EDITOR).html
    link = next(attrs["href"] for tag, attrs in Reader(page).tags if tag == "a")
    assert link.startswith(f"ed://open{tmp_path}/caf%E9.py?")


def test_what_is_in_no_file_and_without_an_editor_has_no_link(tmp_path):
    path = tmp_path / "app.py"
    path.write_text("1 / 0\n", "utf-8")
    error = run("1 / 0", str(path))
    assert format_link(frames_of(run("1 / 0"))[-1], EDITOR) is None
    assert format_link(frames_of(error)[-1], EDITOR) is not None
    assert "<a " not in format_html(describe_error(error), "500 x").html


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python knows no columns")
def test_parts_of_pages_are_marked(tmp_path):
    path = tmp_path / "page.psp"
    path.write_text("<p>\n<%= 1 + 1 / 0 %>\n", "utf-8")
    page = compile_page(str(path), options=PageOptions("mod_python"))
    excerpt = frames_of(catch(page.run, {}, lambda text: None))[-1].excerpt
    assert excerpt.lines[1][slice(*excerpt.marks[1])] == "1 / 0"


def test_lines_of_templates_are_marked_as_a_whole(tmp_path):
    jinja2 = pytest.importorskip("jinja2")
    path = tmp_path / "page.html"
    path.write_text("<p>\n{{ number + 1 }} and more of the line\n", "utf-8")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path))
    error = catch(lambda: environment.get_template("page.html").render(number=None))
    frame = frames_of(error)[-1]
    assert (frame.path, frame.line, frame.excerpt.marked) == (str(path), 2, 2)
    assert frame.function == "top-level template code"
    assert set(frame.excerpt.marks) == {(0, 0)}


class Hostile(Exception):
    def __str__(self):
        raise KeyboardInterrupt

    def __getattribute__(self, name):
        if name in ("__notes__", "exceptions"):
            raise SystemExit(3)
        return super().__getattribute__(name)


def test_exceptions_that_raise_when_they_are_asked_are_described():
    def fail():
        raise Hostile

    report = describe_error(catch(fail))
    assert report.problems[0].kind.endswith("Hostile")
    assert report.problems[0].message == "(its text cannot be shown)"


def test_secrets_that_are_bytes_are_masked_elsewhere_too():
    def fail(token):
        raise ValueError(f"not {token!r}, not {token.decode()}")

    report = describe_error(catch(fail, b"0123456789abcdef"))
    page = format_html(report, "500 x").html
    assert "not b" in page and "0123456789abcdef" not in page + report.text


def test_a_long_cookie_is_masked_elsewhere_too():
    def fail(environ):
        raise ValueError(environ["HTTP_COOKIE"].split("other=")[1])

    report = describe_error(catch(fail, ENVIRON), describe_request(ENVIRON))
    page = format_html(report, "500 x").html
    assert "0123456789abcdef0123" not in page + report.text
    assert "dark" in page
