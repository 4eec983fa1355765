"""Phases of mod_python's handlers; what Apache does with each is seen in live rows elsewhere."""

import pytest

from support.handler_site import Site, is_passed, stands_in
from taipan.loader.errors import TargetError

#: A function for each phase, which does what the query says, and notes that it was called.
TRACE = """
from mod_python import apache
from urllib.parse import parse_qsl

def make(name):
    def function(req):
        req.log_error(f"{name} {req.phase} {req.status} {req.user}")
        for key, value in parse_qsl(req.args or ""):
            if key == name:
                return eval(value)
        return apache.OK
    return function

def end(code):
    raise apache.SERVER_RETURN(code)

for one in "postreadrequest init headerparser access authen authz type fixup log cleanup".split():
    globals()[one + "handler"] = make(one)

def handler(req):
    req.content_type = "text/plain"
    req.headers_out["X-H"] = "1"
    req.err_headers_out["X-E"] = "1"
    result = make("handler")(req)
    if "handler=" not in (req.args or ""):
        req.write("hello")
    return result
"""
PHASES = "postReadRequest headerParser init access type fixup log cleanup".split()
EARLY = ["postreadrequest", "init", "headerparser", "access", "type", "fixup"]


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, phases=dict.fromkeys(PHASES, "t"))
    site.write("t.py", TRACE)
    return site


def called(answer):
    """Names of the functions that were called, and when the response was sent."""
    return [line.partition(": ")[2].split(" ")[0] or line for line in answer.log]


def test_all_phases_are_called_in_their_order(site):
    answer = site.get()
    assert (answer.status, answer.body) == ("200 OK", "hello")
    assert called(answer) == [*EARLY, "handler", "sent", "log", "cleanup"]
    assert answer.log[0] == "error: postreadrequest PythonPostReadRequestHandler 200 None"
    assert answer.log[-1] == "error: cleanup PythonCleanupHandler 200 None"


def test_a_refusal_ends_all_but_the_last_phases(site):
    answer = site.get("/x?access=403")
    assert (answer.status, answer.body) == ("403 Forbidden", "Forbidden\n")
    assert called(answer) == [*EARLY[:4], "sent", "log", "cleanup"]
    assert answer.log[-2] == "error: log PythonLogHandler 403 None"
    assert stands_in(answer)


@pytest.mark.parametrize("phase", [*EARLY, "handler"])
def test_any_phase_may_end_by_an_exception_with_its_code(site, phase):
    assert site.get(f"/x?{phase}=end(404)").status == "404 Not Found"
    assert site.get(f"/x?{phase}=503").status == "503 Service Unavailable"
    answer = site.get(f"/x?{phase}=end(-2)")
    assert (answer.status, answer.body) == ("200 OK", "")


def test_an_error_sends_its_own_fields_only(site):
    named = site.get("/x?handler=404").named
    assert named["x-e"] == "1"
    assert "x-h" not in named
    assert site.get("/x?handler=0").named["x-h"] == "1"


def test_redirects_keep_their_location(site):
    code = "req.headers_out.__setitem__('Location', '/there') or 302"
    answer = site.get(f"/x?handler={code}")
    assert answer.status == "302 Found"
    assert answer.named["location"] == "/there"
    assert "location" not in site.get(f"/x?handler={code[:-3]}404").named


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_keep_their_fields(site, status):
    answer = site.get(f"/x?handler=req.write('no', 0) or {status}")
    assert answer.status[:3] == str(status)
    assert (answer.named["x-h"], answer.body) == ("1", "")


@pytest.mark.parametrize("value", ["None", "[]", "True", "end(None)", "end('404')", "end((1, 2))"])
@pytest.mark.parametrize("phase", ["access", "handler"])
def test_what_is_no_number_is_an_error(site, phase, value):
    answer = site.get(f"/x?{phase}={value}")
    assert answer.status == "500 Internal Server Error"
    assert any("must return an int such as apache.OK" in line for line in answer.log)
    assert called(answer)[-3:] == ["sent", "log", "cleanup"]


@pytest.mark.parametrize("value", [5, 100, 1000, -5])
def test_what_is_no_status_is_an_error(site, value):
    answer = site.get(f"/x?handler={value}")
    assert answer.status == "500 Internal Server Error"
    assert f"error: /x?handler={value}: the handler returned {value}, which is no status;" in str(
        answer.log
    )


def test_an_exception_is_logged_and_no_client_sees_it(site):
    answer = site.get("/x?handler=1/0")
    assert (answer.status, answer.body) == ("500 Internal Server Error", "Internal Server Error\n")
    assert "error: PythonHandler t: ZeroDivisionError: division by zero" in answer.log
    assert answer.log[-2] == "error: log PythonLogHandler 500 None"
    assert answer.named["x-e"] == "1"


def test_debug_shows_errors_to_clients(tmp_path):
    site = Site(tmp_path, debug=True)
    site.write("t.py", TRACE)
    answer = site.get("/x?handler=1/0")
    assert answer.status == "500 Internal Server Error"
    assert answer.named["content-type"].startswith("text/html")
    assert answer.body.startswith('\n<pre>\nMod_python error: "PythonHandler t"\n\nTraceback')
    assert "&lt;module&gt;" in answer.body
    assert "ZeroDivisionError: division by zero" in answer.body


def test_sys_exit_is_an_end(site):
    answer = site.get("/x?handler=req.write('so far') or __import__('sys').exit()")
    assert (answer.status, answer.body) == ("200 OK", "so far")


def test_errors_after_the_response_are_only_logged(site):
    answer = site.get("/x?log=1/0&cleanup=1/0")
    assert (answer.status, answer.body) == ("200 OK", "hello")
    last = [line for line in answer.log if "Zero" in line]
    assert [line.split(":")[1] for line in last] == [
        " PythonLogHandler t",
        " PythonCleanupHandler t",
    ]
    assert answer.log.index("sent") < answer.log.index(last[0])


def test_an_error_after_the_head_has_left_cuts_the_response(site):
    answer = site.get("/x?handler=req.write('x' * 70000) or req.flush() or 1/0")
    assert answer.status == "200 OK"
    assert "raised ZeroDivisionError('division by zero')" in answer.log
    assert called(answer)[-2:] == ["log", "cleanup"]


# Which handlers are called


def test_handlers_go_on_as_their_phase_says(tmp_path):
    names = "t::one t::two"
    site = Site(tmp_path, handler=names, phases={"access": names, "type": names, "log": names})
    code = "def one(req):\n  req.write(f'{req.phase} one ')\n  return int(req.args)\n"
    site.write("t.py", code + code.replace("one", "two"))
    assert site.get("/x?0").body == (
        "PythonAccessHandler one PythonAccessHandler two PythonTypeHandler one"
        " PythonHandler one PythonHandler two "
    )


def test_a_declined_request_is_for_the_files(site):
    assert is_passed(site.get("/x?handler=-1"))
    assert called(site.get("/x?handler=-1"))[-3:] == ["sent", "log", "cleanup"]
    assert is_passed(Site(site.root, handler="").get())


def test_directives_are_for_endings(tmp_path):
    site = Site(tmp_path, handler="t | .html .py", phases={"access": "t | .html"})
    site.write("t.py", TRACE)
    assert called(site.get("/x.html"))[0] == "access"
    assert called(site.get("/x.py"))[0] == "handler"
    assert is_passed(site.get("/x.txt"))
    assert site.get("/x.py?handler=req.write(req.extension) or 0").body == ".py"


def test_names_of_objects(tmp_path):
    code = "from mod_python import apache\nclass C:\n"
    code += "  def __init__(self, req): self.req = req\n"
    code += "  def m(self, req):\n    req.write(str(self.req is req))\n    return 0\n"
    code += "  class D(object):\n    def __init__(self, req): req.write('D ')\n"
    code += "    def m(self, req): return 0\nc = C(None)\n"
    site = Site(tmp_path, handler="pkg.t::C.m pkg.t::c.m pkg.t::C.D.m")
    site.write("pkg/t.py", code)
    assert site.get().body == "TrueFalseD "
    assert site.check() == [f"{site.root}/pkg/t.py"]


def test_a_class_alone_gives_no_number(tmp_path):
    site = Site(tmp_path, handler="t::C")
    site.write("t.py", "class C:\n  def __init__(self, req): pass\n")
    assert "TypeError: the handler returned C" in str(site.get().log)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing", "there is no module nothing in "),
        ("t::missing", "there is no missing in "),
        ("t::C.m.more", "there is no C.m.more in "),
        ("t::number", "the handler t::number cannot be called: it is int"),
        ("~/sub/none", "there is no module ~/sub/none: "),
        ("mod_python.httpdconf", "ImportError: mod_python.httpdconf writes configuration for"),
    ],
)
def test_handlers_that_are_not_there(tmp_path, text, expected):
    site = Site(tmp_path, handler=text)
    site.write("t.py", "number = 5\nclass C:\n  def __init__(self, req): pass\n  def m(self): 0\n")
    answer = site.get()
    assert answer.status == "500 Internal Server Error"
    assert answer.log[0].startswith(f"error: PythonHandler {text}: {expected}")
    if "more" not in text:
        with pytest.raises((TargetError, ImportError), match=expected.rpartition("Error: ")[2]):
            site.check()


@pytest.mark.parametrize(
    "text", ["a:b", "a::", "::b", "a | ", "| .py", "a | py", "a.-b", "a::b::c"]
)
def test_notations_that_are_none(tmp_path, text):
    with pytest.raises(TargetError, match=r"modPython.handler: .*write it like"):
        Site(tmp_path, handler=text)
    with pytest.raises(TargetError, match=r"modPython.phases.log: .*write it like"):
        Site(tmp_path, phases={"log": text})


def test_handlers_are_added_for_later_phases(tmp_path):
    site = Site(tmp_path, phases={"fixup": "t::fixup"})
    site.write(
        "t.py",
        TRACE
        + "def fixup(req):\n  req.add_handler('PythonHandler', 'sub::more', req.document_root() + "
        + "'/sub')\n  req.add_handler('PythonLogHandler', 't')\n"
        + "  req.add_handler('PythonFixupHandler', lambda req: req.log_error('added') or 0)\n"
        + "  return 0\n",
    )
    site.write("sub/sub.py", "def more(req):\n  req.write(' more')\n  return 0\n")
    answer = site.get()
    assert answer.body == "hello more"
    assert called(answer) == ["added", "handler", "sent", "log"]
    answer = site.get("/x?handler=-1")
    assert is_passed(answer)
    error = "req.add_handler('PythonNoHandler', 't')"
    assert "IndexError: Invalid phase: PythonNoHandler" in str(site.get(f"/x?handler={error}").log)


@pytest.mark.parametrize(
    "call", ["add_handler('PythonLogHandler', None)", "register_output_filter('f', 1)"]
)
def test_what_cannot_be_called_is_no_handler(tmp_path, call):
    site = Site(tmp_path)
    site.write("t.py", f"def handler(req):\n  req.{call}\n  return 0\n")
    answer = site.get()
    assert answer.status == "500 Internal Server Error"
    assert "TypeError: a handler is a name or a function, not " in str(answer.log)


def test_cleanups_run_after_the_response_the_last_one_first(tmp_path):
    site = Site(tmp_path)
    code = "def handler(req):\n  req.register_cleanup(req.log_error, 'first')\n"
    code += "  req.register_cleanup(lambda data: 1/0)\n  req.register_cleanup(print, 'dropped')\n"
    code += "  req.register_cleanup(req.log_error, 'last')\n  req.write('a')\n  return 0\n"
    site.write("t.py", code)
    log = site.get().log
    assert log == [
        "sent",
        "error: last",
        "error: cleanup <lambda>: ZeroDivisionError: division by zero",
        "error: first",
    ]


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("req.write('abc', 0)\n  return 0", 3),
        ("req.write('abc')\n  req.write('d', 0)\n  return 0", 4),
        ("return 404", len("Not Found\n")),
        ("return 0", 0),
    ],
)
def test_log_handlers_know_how_much_was_sent(tmp_path, code, sent):
    site = Site(tmp_path, phases={"log": "t"})
    log = "def loghandler(req):\n  req.log_error(str(req.bytes_sent))\n  return 0\n"
    site.write("t.py", f"def handler(req):\n  {code}\n{log}")
    answer = site.get()
    assert len(answer.body) == sent
    assert answer.log == ["sent", f"error: {sent}"]


def test_all_cleanup_handlers_run_whatever_they_return(tmp_path):
    site = Site(tmp_path, phases={"cleanup": "t::one t::two"})
    code = "def one(req):\n  req.log_error(req.phase)\n  return 500\n"
    site.write("t.py", code + code.replace("one", "two") + "def handler(req): return 0\n")
    assert called(site.get()) == ["sent", "PythonCleanupHandler", "PythonCleanupHandler"]


@pytest.mark.parametrize("name", ["OSError", "Own"])
def test_errors_with_a_status_are_errors_like_others(tmp_path, name):
    site = Site(tmp_path)
    code = "class Own(Exception): status = 403\ndef handler(req):\n"
    site.write("t.py", f"{code}  req.err_headers_out['X-E'] = '1'\n  raise {name}('x')\n")
    answer = site.get()
    assert (answer.status, answer.named["x-e"]) == ("500 Internal Server Error", "1")
    assert answer.log == [f"error: PythonHandler t: {name}: x", "sent"]


# Folders


def test_folders_are_named_with_their_slash(site):
    site.write("sub/a.txt", "a")
    answer = site.get("/sub?q=1")
    assert answer.status == "301 Moved Permanently"
    assert answer.named["location"] == "/sub/?q=1"
    assert "handler" not in called(answer)
    assert site.get("//sub").named["location"] == "/sub/"
    assert site.get("/sub/").body == "hello"
    assert site.get("/sub/nothing").body == "hello"


# Who the client is


@pytest.fixture
def asking(tmp_path):
    site = Site(
        tmp_path,
        phases=dict.fromkeys(["access", "authen", "authz", "log"], "t"),
        auth={"realm": 're "alm"', "require": ["user eggs 'two words'", "group staff"]},
    )
    site.write("t.py", TRACE)
    return site


def as_user(name, more="0"):
    return f"/x?authen=setattr(req, 'user', {name!r}) or {more}"


def test_a_user_who_is_admitted(asking):
    answer = asking.get(as_user("eggs") + "&authz=-1")
    assert answer.body == "hello"
    assert called(answer) == ["access", "authen", "authz", "handler", "sent", "log"]
    assert answer.log[2] == "error: authz PythonAuthzHandler 200 eggs"
    assert asking.get(as_user("two words") + "&authz=-1").body == "hello"
    code = "req.write(repr((req.ap_auth_type, req.auth_type(), req.auth_name(), req.requires())))"
    assert asking.get(f"{as_user('eggs')}&handler={code} or 0").body == repr(
        ("Basic", "Basic", 're "alm"', ("user eggs 'two words'", "group staff"))
    )


def test_a_user_who_is_not_admitted(asking):
    answer = asking.get(as_user("spam") + "&authz=-1")
    assert answer.status == "401 Unauthorized"
    assert answer.named["www-authenticate"] == r'Basic realm="re \"alm\""'
    assert called(answer) == ["access", "authen", "authz", "sent", "log"]
    # What an authz handler says comes before the users of `Require`.
    assert asking.get(as_user("spam")).body == "hello"
    assert asking.get(as_user("eggs") + "&authz=403").status == "403 Forbidden"


def test_challenges(asking):
    assert asking.get("/x?authen=401").named["www-authenticate"].startswith("Basic ")
    own = "req.err_headers_out.add('WWW-Authenticate', 'Own') or 401"
    assert asking.get(f"/x?authen={own}").named["www-authenticate"] == "Own"


def test_nobody_was_asked(asking):
    answer = asking.get(as_user("eggs") + "&access=403")
    assert called(answer) == ["access", "sent", "log"]


@pytest.mark.parametrize("result", ["0", "-1"])
def test_a_client_who_stays_unknown_is_an_error(asking, result):
    answer = asking.get(f"/x?authen={result}")
    assert answer.status == "500 Internal Server Error"
    assert "authen handler" in str(answer.log)


def test_a_name_that_nobody_has_checked_is_no_user(asking):
    credentials = {"HTTP_AUTHORIZATION": "Basic ZWdnczphbnk="}
    declining = "/x?authen=req.get_basic_auth_pw() and -1&authz=-1"
    answer = asking.get(declining, **credentials)
    assert answer.status == "500 Internal Server Error"
    assert "all declined" in str(answer.log)
    # The server has let in somebody else.
    assert asking.get(declining, REMOTE_USER="spam", **credentials).status == "401 Unauthorized"
    assert asking.get(declining, REMOTE_USER="eggs", **credentials).body == "hello"


def test_a_user_is_among_the_common_variables(asking):
    variables = "req.subprocess_env['REMOTE_USER'], req.subprocess_env['AUTH_TYPE']"
    code = f"req.add_common_vars() or req.write(''.join([{variables}])) or 0"
    assert asking.get(f"{as_user('eggs')}&handler={code}").body == "eggsBasic"


def test_authen_alone_implies_basic_and_any_user(tmp_path):
    site = Site(tmp_path, phases={"authen": "t"})
    site.write("t.py", TRACE)
    code = "req.write(repr((req.auth_type(), req.auth_name(), req.requires()))) or 0"
    answer = site.get(f"{as_user('anybody')}&handler={code}")
    assert answer.body == repr(("Basic", "Restricted", ("valid-user",)))
    named = site.get("/x?authen=401").named
    assert named["www-authenticate"] == 'Basic realm="Restricted"'


def test_an_authz_handler_alone_asks_nobody(tmp_path):
    site = Site(tmp_path, phases={"authz": "t"})
    site.write("t.py", TRACE)
    assert called(site.get()) == ["handler", "sent"]


def test_users_may_be_known_by_the_route(tmp_path):
    site = Site(tmp_path, auth={"realm": None, "require": ["user eggs"]})
    site.write("t.py", TRACE)
    assert site.get(REMOTE_USER="eggs").body == "hello"
    assert site.get(REMOTE_USER="spam").status == "401 Unauthorized"


# Options


def test_options_and_directives(tmp_path):
    site = Site(
        tmp_path,
        options={"a": "b", "gone": "", "mod_python.x": "y"},
        debug=True,
        autoReload=False,
        path=["/lib"],
    )
    code = (
        "def handler(req):\n  req.write(repr((dict(req.get_options()), dict(req.get_config()))))\n"
    )
    site.write("t.py", code + "  return 0\n")
    assert site.get().body == repr(
        (
            {"a": "b", "mod_python.x": "y"},
            {"PythonDebug": "1", "PythonAutoReload": "0", "PythonPath": "['/lib']"},
        )
    )


def test_a_request_that_is_left_to_the_files_carries_fields(tmp_path):
    site = Site(tmp_path, phases={"fixup": "t"})
    site.write(
        "t.py",
        "from mod_python import Cookie, apache\n"
        "def fixuphandler(req):\n"
        "    req.err_headers_out['X-Always'] = 'a'\n"
        "    req.headers_out['X-Found'] = 'f'\n"
        "    for name in ('Content-Length', 'ETag', 'X-Taipan-Pass', 'Content-Type'):\n"
        "        req.headers_out[name] = '1'\n"
        "    return apache.OK\n"
        "def handler(req):\n"
        "    req.content_type = 'text/x-own'\n"
        "    req.no_cache = 1\n"
        "    Cookie.add_cookie(req, 'one', '1')\n"
        "    return apache.DECLINED\n",
    )
    fields = site.get().fields
    at = fields.index(("X-Taipan-Pass", "files"))
    assert fields[:at] == [("X-Always", "a")]
    found = dict(fields[at + 1 :])
    assert found.pop("Expires").endswith("GMT")
    assert found.pop("X-Found") == "f" and found.pop("Content-Type") == "text/x-own"
    assert found == {"Cache-Control": 'no-cache="set-cookie"', "Set-Cookie": "one=1"}
