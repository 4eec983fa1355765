"""Servlets of Webware as they are served."""

import json
import os
import xmlrpc.client
from email.utils import formatdate

import pytest

from support.script_pages import PageFolder

MAIN = """
from Page import Page

class Main(Page):
    def writeContent(self):
        self.writeln(f"<p>{self.htmlEncode(self.request().field('name', ''))}</p>")
    def actions(self):
        return [*Page.actions(self), "save"]
    def save(self):
        self.write("saved")
    def add(self, one, two):
        return one + two
"""


@pytest.fixture
def folder(tmp_path):
    return PageFolder(tmp_path, "webware", kinds={".py": "servlet", ".psp": "psp"})


def test_the_class_of_the_name_answers(folder):
    folder.write("Main.py", MAIN)
    status, fields, body = folder.get("/Main.py?name=%3CZo%C3%AB%3E")
    assert (status, fields) == ("200 OK", [("Content-type", "text/html; charset=utf-8")])
    assert "<title>Main</title>" in body and "<p>&lt;Zoë&gt;</p>" in body
    assert "saved</html>" in folder.text("/Main.py?_action_save=1")


def test_names_that_classes_cannot_have(folder):
    source = "from Page import Page\nclass {}(Page):\n    def writeHTML(self): self.write('x')"
    for file, name in (("my-page", "my_page"), ("my page", "my_page"), ("class", "class_")):
        folder.write(f"{file}.py", source.format(name))
        assert folder.text(f"/{file}.py") == "x"


def test_what_is_no_servlet_is_an_error(folder):
    folder.write("tools.py", "x = 1")
    with pytest.raises(TypeError, match=r"tools\.py has no class tools"):
        folder.get("/tools.py")
    folder.write("Other.py", "class Other: pass")
    with pytest.raises(TypeError, match=r"Other of .*Other\.py is no servlet; derive it from Page"):
        folder.get("/Other.py")
    folder.write("__init__.py", "")
    for path in ("/__init__.py", "/none.py", "/a.b.py"):
        with pytest.raises(FileNotFoundError):
            folder.get(path)
    folder.write("Lost.py", "import none_of_this_name")
    with pytest.raises(ModuleNotFoundError, match="none_of_this_name"):
        folder.get("/Lost.py")


def test_awake_and_sleep_surround_a_response(folder):
    folder.write(
        "Main.py",
        "from HTTPServlet import HTTPServlet\n"
        "class Main(HTTPServlet):\n"
        "    def awake(self, trans):\n"
        "        HTTPServlet.awake(self, trans); trans.response().write('awake ')\n"
        "    def respond(self, trans): trans.response().write('respond ')\n"
        "    def sleep(self, trans):\n"
        "        trans.response().write('sleep'); HTTPServlet.sleep(self, trans)\n",
    )
    assert folder.text("/Main.py") == "awake respond sleep"


def test_extra_path_information(folder):
    folder.write("Main.py", MAIN.replace("self.request().field('name', '')", "self.paths()"))
    with open(f"{folder.root}/Main.py", "a") as stream:
        stream.write(
            "    def paths(self):\n"
            "        req = self.request()\n"
            "        return f'{req.extraURLPath()} {req.urlPath()} {req.servletURI()}'\n"
        )
    assert "<p>/a/b /Main.py/a/b /Main.py</p>" in folder.text("/Main.py/a/b")


def test_a_changed_base_class_is_seen(folder):
    folder.write(
        "Site.py", "from SidebarPage import SidebarPage\nclass Site(SidebarPage): word = 1"
    )
    folder.write(
        "Main.py",
        "from Site import Site\nclass Main(Site):\n"
        "    def writeContent(self): self.write('word', self.word)",
    )
    page = folder.text("/Main.py")
    assert '<div id="Content">\nword1</div>' in page and 'class="MenuHeading">Contexts' in page
    folder.write(
        "Site.py", "from SidebarPage import SidebarPage\nclass Site(SidebarPage): word = 22"
    )
    assert "word22" in folder.text("/Main.py")


def test_servlets_and_pages_include_each_other(folder):
    folder.write("Main.py", MAIN)
    folder.write(
        "sub/Main.py",
        "from Page import Page\nclass Main(Page):\n    def writeHTML(self): self.write('sub')",
    )
    folder.write("part.psp", '[<psp:include path="sub"><psp:include path="sub/Main.py">]')
    folder.write(
        "Outer.py",
        "from Page import Page\nclass Outer(Page):\n"
        "    def writeHTML(self):\n"
        "        self.includeURL('part')\n"
        "        self.write(self.callMethodOfServlet('Main', 'add', 2, two=3))\n",
    )
    assert folder.text("/Outer.py") == "[subsub]5"
    folder.write(
        "Forward.py",
        "from Page import Page\nclass Forward(Page):\n"
        "    def writeHTML(self):\n"
        "        self.write('lost'); self.forward('Outer'); self.write('never')\n",
    )
    assert folder.text("/Forward.py") == "[subsub]5"


def test_errors_of_http(folder):
    folder.write(
        "Main.py",
        "from Page import Page\nfrom HTTPExceptions import HTTPForbidden\n"
        "class Main(Page):\n    def writeContent(self): raise HTTPForbidden('<no>')",
    )
    status, _, body = folder.get("/Main.py")
    assert status == "403 Forbidden" and "&lt;no&gt;" in body and "<title>Main" not in body


def test_what_is_known_is_not_sent(folder):
    folder.write(
        "Main.py",
        "from Page import Page\nclass Main(Page):\n"
        "    def lastModified(self, trans): return 1e9\n"
        "    def writeHTML(self): self.write('text')",
    )
    date = formatdate(1e9, usegmt=True)
    status, fields, body = folder.get("/Main.py")
    assert (status, dict(fields)["Last-modified"], body) == ("200 OK", date, "text")
    status, fields, body = folder.get("/Main.py", HTTP_IF_MODIFIED_SINCE=date)
    assert (status, fields, body) == ("304 Not Modified", [("Last-modified", date)], "")
    assert folder.get("/Main.py", HTTP_IF_MODIFIED_SINCE=formatdate(2e9))[0] == "200 OK"


JSON = """
from JSONRPCServlet import JSONRPCServlet

class Call(JSONRPCServlet):
    def exposedMethods(self):
        return ["add", "gone", "fail"]
    def add(self, one=1, two=2):
        return one + two
    def hidden(self):
        return "secret"
    def fail(self):
        raise RuntimeError("broken")
"""


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("add", [3, 4], {"result": 7}),
        ("add", {"two": 5}, {"result": 6}),
        ("add", None, {"result": 3}),
        ("system.listMethods", [], {"result": ["add", "gone", "fail"]}),
        ("hidden", [], {"code": -1, "error": "hidden is not an approved method"}),
        ("gone", [], {"code": -1, "error": "gone, although an approved method, was not found"}),
        (
            "fail",
            [],
            {
                "code": -1,
                "error": "fail was called, but encountered an error: RuntimeError: broken",
            },
        ),
    ],
)
def test_json_rpc(folder, method, params, answer):
    folder.write("Call.py", JSON)
    body = json.dumps({"id": 9, "method": method, "params": params}).encode()
    status, fields, text = folder.get("/Call.py", body, CONTENT_TYPE="application/json")
    assert (status, dict(fields)["Content-type"]) == ("200 OK", "application/json")
    # What a script element of another site cannot read.
    start = 'throw new Error("Direct evaluation not allowed");\n/*'
    if "result" in answer:
        assert text.startswith(start)
    assert json.loads(text[len(start) : -2] if "result" in answer else text) == {"id": 9, **answer}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id": 1}', b"\xff", b"1", b"[" * 100_000])
def test_no_call_of_json_rpc(folder, body):
    folder.write("Call.py", JSON)
    status, _, text = folder.get("/Call.py", body or b" ", CONTENT_TYPE="application/json")
    assert status == "400 Bad Request" and "this is no call" in json.loads(text)["error"]
    assert "GET method not allowed" in folder.text("/Call.py")


def test_xml_rpc(folder):
    folder.write(
        "Call.py",
        "from XMLRPCServlet import XMLRPCServlet\nclass Call(XMLRPCServlet):\n"
        "    def exposedMethods(self): return ['add', 'fail']\n"
        "    def add(self, one, two): return one + two\n"
        "    def fail(self): raise RuntimeError('broken')\n",
    )

    def call(method, *params):
        body = xmlrpc.client.dumps(params, method).encode()
        status, fields, text = folder.get("/Call.py", body, CONTENT_TYPE="text/xml")
        assert (status, dict(fields)["Content-type"]) == ("200 OK", "text/xml")
        return xmlrpc.client.loads(text)[0][0]

    assert call("add", 1, 2) == 3
    with pytest.raises(xmlrpc.client.Fault, match="broken"):
        call("fail")
    with pytest.raises(xmlrpc.client.Fault, match="NotImplementedError"):
        call("respondToPost")
    assert folder.get("/Call.py", b"<x", CONTENT_TYPE="text/xml")[0] == "400 Bad Request"
    assert folder.get("/Call.py")[0] == "501 Not Implemented"


def test_no_bytecode_is_written(folder):
    folder.write("Main.py", MAIN)
    folder.get("/Main.py")
    assert os.listdir(folder.root) == ["Main.py"]
