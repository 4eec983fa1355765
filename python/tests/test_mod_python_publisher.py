"""The handler `mod_python.publisher`."""

import base64
import os

import pytest

from support.handler_site import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, handler="mod_python.publisher")


def basic(user, password="p"):
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"HTTP_AUTHORIZATION": f"Basic {encoded}"}


def code_of(answer):
    return int(answer.status[:3])


THINGS = """
import os
from functools import lru_cache, partial
from mod_python import apache
from abc import ABC
from types import ModuleType
def say(req, name="x"): return f"hello {name}"
class Lazy(ModuleType): argv = [1]
lazy = Lazy("lazy")
def none(req): pass
def index(req): return "the index"
def inner(req): return lambda req: "inner"
class C:
    value = 5
    def method(self, a="-"): return f"method {a}"
    def __call__(self): return "called"
    def _private(self): return "private"
    @property
    def fails(self): raise ValueError("property")
    @property
    def wants(self): raise AttributeError("property")
class A(ABC): pass
class D(dict): x = "own"
instance = C()
plain = object()
text, number, listed, table = "some text", 42, [1, "a"], {"a": 1}
own = D(a=1)
whole = partial(say, None, "partial")
cached = lru_cache(say)
builtin = len
nothing = None
"""


@pytest.fixture
def things(site):
    site.write("t.py", THINGS)
    return site


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/t", "the index"),
        ("/t/", "the index"),
        ("/t.py", "the index"),
        ("/t/say", "hello x"),
        ("/t.py/say", "hello x"),
        ("/t/say/", "hello x"),
        ("/t//say", "hello x"),
        ("/t//instance///method//", "method -"),
        ("/t/instance.method", "method -"),
        ("/t/say?name=you", "hello you"),
        ("/t/say?name=a&name=b", "hello ['a', 'b']"),
        ("/t/say?other=1", "hello x"),
        ("/t/instance", "called"),
        ("/t/instance/value", "5"),
        ("/t/instance/method?a=1", "method 1"),
        ("/t/inner", "inner"),
        ("/t/text", "some text"),
        ("/t/number", "42"),
        ("/t/listed", "[1, 'a']"),
        ("/t/table", "{'a': 1}"),
        ("/t/own/x", "own"),
        ("/t/whole", "hello partial"),
        ("/t/cached", "hello x"),
        ("/t/none", ""),
        ("/t/nothing", ""),
    ],
)
def test_what_is_published(things, path, expected):
    answer = things.get(path)
    assert (answer.status, answer.body) == ("200 OK", expected)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/t/C", 403),
        ("/t/C/method", 403),
        ("/t/A", 403),
        ("/t/A/register", 403),
        ("/t/os", 403),
        ("/t/os/getcwd", 403),
        ("/t/apache", 403),
        ("/t/lazy", 403),
        ("/t/lazy/argv", 403),
        ("/t/lazy/nope", 403),
        ("/t/builtin", 403),
        ("/t/say/x", 403),
        ("/t/say/__name__", 403),
        ("/t/say.__globals__", 403),
        ("/t/instance/_private", 403),
        ("/t/instance/__class__", 403),
        ("/t/instance/method/x", 403),
        ("/t/_x", 403),
        ("/t/__builtins__", 403),
        ("/t/__doc__", 403),
        ("/t/text/upper", 403),
        ("/t/table/keys", 403),
        ("/t/listed/append", 403),
        ("/t/cached/cache_clear", 403),
        ("/t/nothing/x", 403),
        ("/t/text/nope", 404),
        ("/t/instance/nope", 404),
        ("/t/instance/wants", 404),
        ("/t/nope", 404),
        ("/t/instance..method", 404),
        ("/t/.", 404),
        ("/t/\ud800", 404),
        ("/nope", 404),
        ("/t.txt", 404),
        ("/t/instance/fails", 500),
    ],
)
def test_what_is_not(things, path, status):
    answer = things.get(path)
    assert code_of(answer) == status
    assert "Traceback" not in answer.body and "ValueError" not in answer.body


def test_the_index_module_takes_names_without_a_module(site):
    site.write("index.py", "def index(req): return 'INDEX'\ndef foo(req): return req.filename\n")
    site.write("sub/other.py", "def index(req): return 'other'\n")
    assert site.get("/").body == "INDEX"
    assert site.get("/foo").body == f"{site.root}/index.py"
    assert site.get("/foo.py").body == f"{site.root}/index.py"
    assert code_of(site.get("/foo/bar")) == 403
    assert code_of(site.get("/nope")) == 404
    assert site.get("/sub/other").body == "other"
    assert [code_of(site.get(path)) for path in ("/sub/", "/sub/nope")] == [404, 404]


def test_only_three_methods(things):
    for method in ("GET", "POST", "HEAD"):
        assert code_of(things.get("/t/say", REQUEST_METHOD=method)) == 200
    for method in ("PUT", "DELETE", "OPTIONS", "FOO", "get"):
        answer = things.get("/t/say", REQUEST_METHOD=method)
        assert code_of(answer) == 405
        assert answer.named["allow"].replace(" ", "") == "GET,POST,HEAD"


@pytest.mark.parametrize(
    ("value", "kind", "body"),
    [
        ("'<html>x</html>\\n'", "text/html", "<html>x</html>\n"),
        ("'<HTML>x</HtMl  >'", "text/html", "<HTML>x</HtMl  >"),
        ("'<html></html> more'", "text/plain", "<html></html> more"),
        ("'</html>' + ' ' * 93", "text/html", "</html>" + " " * 93),
        ("'</html>' + ' ' * 94", "text/plain", "</html>" + " " * 94),
        ("''", "text/plain", ""),
        ("0", "text/plain", "0"),
        ("'h\\u00e9'", "text/plain; charset=utf-8", "hé"),
        ("'h\\u00e9</html>'", "text/html; charset=utf-8", "hé</html>"),
        ("b'bytes'", "text/plain", "bytes"),
        ("b'</html>'", "text/html", "</html>"),
    ],
)
def test_the_media_type(site, value, kind, body):
    site.write("t.py", f"def f(req): return {value}\nv = {value}\n")
    for path in ("/t/f", "/t/v"):
        answer = site.get(path)
        assert (answer.named["content-type"], answer.body) == (kind, body)


def test_a_media_type_that_is_set_stays(site):
    site.write("t.py", "def f(req, kind, text):\n    req.content_type = kind\n    return text\n")
    assert site.get("/t/f?kind=a/b&text=x").named["content-type"] == "a/b"
    answer = site.get("/t/f?kind=a/b&text=%C3%A9")
    assert (answer.named["content-type"], answer.body) == ("a/b; charset=utf-8", "é")
    answer = site.get("/t/f?kind=a/b%3Bcharset=utf-7&text=%C3%A9")
    assert (answer.named["content-type"], answer.body) == ("a/b;charset=utf-7", "+AOk-")


def test_none_is_no_body_and_no_type(things):
    answer = things.get("/t/none")
    assert (answer.status, answer.fields, answer.body) == ("200 OK", [], "")


def test_what_was_written_comes_first(site):
    site.write("t.py", "def f(req):\n    req.write('written ', 0)\n    return 'returned'\n")
    assert site.get("/t/f").body == "written returned"


FORM = """
def some(req, a, b=2, *, c=3): return repr((a, b, c))
def all(req, **kw): return repr(sorted(kw))
def alone(a="-"): return a
def stored(req): return repr((req.form.getfirst("a"), [*req.form]))
def upload(req, file, a): return f"{file.filename} {file.value!r} {a!r}"
"""


def test_fields_become_arguments(site):
    site.write("t.py", FORM)
    assert site.get("/t/some?a=1&b=&z=4").body == "('1', '', 3)"
    assert site.get("/t/some?a=1", body=b"a=2&c=5").body == "(['1', '2'], 2, '5')"
    assert site.get("/t/all?a=1&z=2&a=3").body == "['a', 'z']"
    assert site.get("/t/alone").body == "-"
    assert site.get("/t/stored?a=1&b=2").body == "('1', ['a', 'b'])"
    assert site.get("/t/stored").body == "(None, [])"
    answer = site.get("/t/all?req=mine")
    assert code_of(answer) == 200
    assert "mine" not in site.get("/t/some?a=1&req=mine").body


def test_files_become_fields(site):
    site.write("t.py", FORM)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="n.txt"\r\n\r\ndata\r\n'
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--x--\r\n'
    )
    answer = site.get("/t/upload", body=body, CONTENT_TYPE="multipart/form-data; boundary=x")
    assert answer.body == "n.txt b'data' ''"


def test_a_missing_argument_is_an_error_that_the_log_names(site):
    site.write("t.py", FORM)
    answer = site.get("/t/some?b=1")
    assert code_of(answer) == 500
    assert "missing 1 required positional argument: 'a'" in " ".join(answer.log)
    assert "argument" not in answer.body


def test_results_that_are_functions_for_ever(site):
    site.write("t.py", "def f(req): return f\n")
    answer = site.get("/t/f")
    assert code_of(answer) == 500
    assert "again and again" in " ".join(answer.log)


def test_changed_modules_are_loaded_again(site):
    site.write("helper.py", "name = 'first'\n")
    site.write("t.py", "import helper\ndef f(req): return helper.name\n")
    assert site.get("/t/f").body == "first"
    assert site.get("/t/f").body == "first"
    site.write("helper.py", "name = 'second'\n")
    assert site.get("/t/f").body == "second"
    site.write("t.py", "def f(req): return 'third'\n")
    assert site.get("/t/f").body == "third"
    os.remove(f"{site.root}/t.py")
    assert code_of(site.get("/t/f")) == 404


def test_private_files_and_links_that_lead_out(site, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.py").write_text("def index(req): return 'secret'\n")
    os.symlink(outside / "secret.py", f"{site.root}/link.py")
    os.symlink(outside, f"{site.root}/folder")
    site.write("_lib.py", "def index(req): return 'lib'\n")
    site.write("real.py", "def index(req): return 'real'\n")
    os.symlink(f"{site.root}/real.py", f"{site.root}/alias.py")
    for path in ("/link", "/link.py", "/folder/secret", "/_lib", "/_lib.py/index"):
        assert code_of(site.get(path)) == 403, path
    assert site.get("/alias").body == "real"


def test_names_of_files_may_have_dots(site):
    site.write("pkg/__init__.py", "")
    site.write("pkg/mod.py", "def index(req): return 'in the package'\n")
    site.write("helper.py", "name = 'first'\n")
    text = "import helper\ndef index(req): return 'file ' + helper.name\n"
    site.write("pkg.mod.py", f"{text}def f(req): return __file__\n")
    assert site.get("/pkg.mod").body == "file first"
    assert site.get("/pkg.mod.py/f").body == f"{site.root}/pkg.mod.py"
    site.write("helper.py", "name = 'second'\n")
    assert site.get("/pkg.mod").body == "file second"
    site.write("pkg.mod.py", "def index(req): return 'other'\n")
    assert site.get("/pkg.mod").body == "other"
    assert code_of(site.get("/pkg.other")) == 404


GUARDED = """
__auth_realm__ = 'the "staff"'
def __auth__(req, user, password):
    return (user, password) == ("eva", "p\u00e4ss:w")
def __access__(req, user):
    return req.args != "no"
def _private(req): return "private"
def index(req): return "in"
class Inner:
    __access__ = ["max"]
    def f(self): return "inner"
inner = Inner()
"""
CHALLENGE = 'Basic realm="the \\"staff\\""'


def test_a_module_that_asks_who_it_is(site):
    site.write("t.py", GUARDED)
    good = basic("eva", "p\u00e4ss:w")
    for path in ("/t", "/t/_private", "/t/nope", "/t/inner/f"):
        answer = site.get(path)
        assert (code_of(answer), answer.named["www-authenticate"]) == (401, CHALLENGE)
    assert site.get("/t", **good).body == "in"
    lower = {"HTTP_AUTHORIZATION": good["HTTP_AUTHORIZATION"].replace("Basic", "basic ")}
    assert site.get("/t", **lower).body == "in"
    assert code_of(site.get("/t/_private", **good)) == 403
    assert code_of(site.get("/t/nope", **good)) == 404
    assert code_of(site.get("/t?no", **good)) == 403
    assert code_of(site.get("/t?no")) == 401
    assert code_of(site.get("/t/inner/f", **good)) == 403


@pytest.mark.parametrize(
    "field",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic ZXZh",
        "Basic \u00e9",
        "Bearer x",
        "Basic OnA=",
        "x" * 9,
    ],
)
def test_credentials_that_cannot_be_read_are_asked_for(site, field):
    site.write("t.py", GUARDED)
    answer = site.get("/t", HTTP_AUTHORIZATION=field)
    assert (code_of(answer), answer.named["www-authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize(
    ("lines", "anonymous", "eva", "max_"),
    [
        ("__auth__ = {'eva': 'p'}", 401, 200, 401),
        ("__auth__ = {'eva': 'other'}", 401, 401, 401),
        ("__auth__ = {'eva': None}", 401, 401, 401),
        ("__auth__ = 1", 401, 200, 200),
        ("__auth__ = 0", 401, 401, 401),
        ("__auth__ = {}", 401, 401, 401),
        ("__access__ = ['eva']", 403, 200, 403),
        ("__access__ = ('eva', 'max')", 403, 200, 200),
        ("__access__ = 0", 403, 403, 403),
        ("__access__ = 1", 200, 200, 200),
        ("__auth__ = 1\n__access__ = ['max']", 401, 403, 200),
        ("def __auth__(req, user, password): return user == 'max'", 401, 401, 200),
        ("def __access__(req, user): return user is None", 200, 403, 403),
        ("__auth_realm__ = 'only a name'", 200, 200, 200),
    ],
)
def test_each_kind_of_guard_in_each_place(site, lines, anonymous, eva, max_):
    inside = lines.replace("\n", "\n    ")
    in_class = lines.replace("(req", "(self, req").replace("\n", "\n    ")
    site.write("module.py", f"{lines}\ndef f(req): return 'in'\n")
    site.write("nested.py", f"def f(req):\n    x = 1\n    {inside}\n    return 'in'\n")
    in_method = lines.replace("\n", "\n        ")
    method = f"class C:\n    def f(self, req):\n        {in_method}\n        return 'in'\nc = C()\n"
    site.write("method.py", method)
    site.write("thing.py", f"class C:\n    {in_class}\n    def f(self): return 'in'\nc = C()\n")
    for path in ("/module/f", "/nested/f", "/method/c/f", "/thing/c/f"):
        found = [code_of(site.get(path, **who)) for who in ({}, basic("eva"), basic("max"))]
        assert found == [anonymous, eva, max_], path


def test_the_attribute_of_a_function_guards_it(site):
    site.write("t.py", "def f(req): return 'in'\nf.__access__ = 0\n")
    assert code_of(site.get("/t/f")) == 403


def test_decorators_do_not_open_what_is_guarded(site):
    site.write(
        "t.py",
        "from functools import lru_cache, wraps\n"
        "def shown(function):\n    @wraps(function)\n"
        "    def wrapper(*args, **kw): return function(*args, **kw)\n    return wrapper\n"
        "@shown\n@shown\ndef twice(req):\n    __access__ = 0\n    return 'in'\n"
        "@lru_cache(None)\ndef cached(a=1):\n    __access__ = 0\n    return 'in'\n"
        "@shown\ndef free(a=2): return f'in {a}'\n",
    )
    assert [code_of(site.get(path)) for path in ("/t/twice", "/t/cached")] == [403, 403]
    assert site.get("/t/free?a=3").body == "in 3"


@pytest.mark.parametrize(
    "line",
    [
        "__auth__ = check",
        "__access__ = [name]",
        "__access__ = make()",
        "__auth__ = lambda req, user, password: user == name",
        "def __access__(req, user): return user == name",
    ],
)
def test_a_guard_that_cannot_be_read_closes_the_function(site, line):
    site.write(
        "t.py",
        "def check(*_): return True\nmake = check\n"
        f"def f(req):\n    name = 'eva'\n    {line}\n    return 'in'\n",
    )
    answer = site.get("/t/f", **basic("eva"))
    assert (code_of(answer), "in f()" in " ".join(answer.log)) == (500, True)


def test_guards_are_asked_on_the_way(site):
    site.write(
        "t.py",
        "class A:\n    __auth_realm__ = 'outer'\nclass B:\n    __auth__ = {'eva': 'p'}\n"
        "    def f(self, req): return 'in'\na = A()\na.b = B()\n",
    )
    answer = site.get("/t/a/b/f")
    assert (code_of(answer), answer.named["www-authenticate"]) == (401, 'Basic realm="outer"')
    assert site.get("/t/a/b/f", **basic("eva")).body == "in"


def test_a_guard_may_answer_by_itself(site):
    site.write(
        "t.py",
        "from mod_python import apache\ndef __auth__(req, user, password):\n"
        "    raise apache.SERVER_RETURN(apache.HTTP_SERVICE_UNAVAILABLE)\ndef index(req): pass\n",
    )
    assert code_of(site.get("/t", **basic("eva"))) == 503
