"""Cheetah templates as they are served."""

import os
import sys
import traceback
import warnings

import pytest

from support.script_pages import PageFolder
from taipan.forms.errors import FormError
from taipan.loader.explain import explain_load_error
from taipan.psp.errors import PageSyntaxError
from taipan.scripts.checks import check_scripts

with warnings.catch_warnings():
    # It imports cgi.
    warnings.simplefilter("ignore", DeprecationWarning)
    pytest.importorskip("Cheetah.Template")


@pytest.fixture
def folder(tmp_path):
    return PageFolder(tmp_path, kinds={".tmpl": "cheetah"})


def write_old(folder, name, text):
    """Writes a file that is kept in memory, because it may not be written again unseen."""
    folder.write(name, text)
    os.utime(os.path.join(folder.root, name), (1e9, 1e9))


def test_a_page_is_html_in_utf_8(folder):
    folder.write("page.tmpl", "#set $name = 'Zoë'\n<p>Grüße, $name!</p>\n")
    status, fields, body = folder.get("/page.tmpl")
    assert (status, fields) == ("200 OK", [("Content-type", "text/html; charset=utf-8")])
    assert body == "<p>Grüße, Zoë!</p>\n"


def test_other_encodings_and_line_ends(folder):
    folder.write("latin.tmpl", "#encoding latin-1\n<p>é $form.get('a')</p>".encode("latin-1"))
    assert folder.text("/latin.tmpl?a=%C3%A9") == "<p>é é</p>"
    folder.write("dos.tmpl", b"\xef\xbb\xbf#if 1\r\na\r\n#end if\r\nb\r\n")
    assert folder.text("/dos.tmpl") == "a\nb\n"
    folder.write("empty.tmpl", "")
    assert folder.text("/empty.tmpl") == ""
    folder.write("404-page.tmpl", "$SERVER_NAME")
    folder.write("class.tmpl", "$environ['QUERY_STRING'] $environ.REQUEST_METHOD")
    assert folder.text("/class.tmpl?q") == "q GET"


def test_names_of_a_page(folder):
    folder.write(
        "page.tmpl",
        "$name|$form.name|$form.get('none', '-')|$request.field('name')|$request.hasField('x')"
        "|$request().method|$environ.QUERY_STRING|$varExists('other')",
    )
    assert folder.text("/page.tmpl?name=Ada") == "Ada|Ada|-|Ada|False|GET|name=Ada|False"
    assert folder.text("/page.tmpl", body=b"name=B").startswith("B|B|-|B|False|POST")
    assert folder.text("/page.tmpl?name=a&name=b").startswith("['a', 'b']|")


def test_variables_are_those_of_the_request_only(folder, monkeypatch):
    monkeypatch.setenv("TAIPAN_TEST_KEY", "secret")
    folder.write("page.tmpl", "#for $name in $environ\n$name=$environ[$name]\n#end for")
    text = folder.text("/page.tmpl")
    assert "REQUEST_METHOD=GET\n" in text
    assert "TAIPAN_TEST_KEY" not in text


def test_fields_do_not_hide_what_the_template_has(folder):
    folder.write(
        "page.tmpl", "#attr $title = 'own'\n#def part()\npart#end def\n$title $part $request.method"
    )
    assert folder.text("/page.tmpl?title=x&part=y&request=z&respond=1&self=2") == "\nown part GET"


def test_fields_do_not_hide_what_a_template_imports(folder):
    folder.write("helpers.py", "limit = 10\ndef shout(text):\n    return text.upper()\n")
    folder.write(
        "layout.tmpl", "#from helpers import shout\n#implements respond\n$shout('a') $body"
    )
    folder.write("page.tmpl", "#extends layout\n#from helpers import *\n#def body\n$limit#end def")
    assert folder.text("/page.tmpl?shout=x&limit=99") == "A 10"
    folder.write(
        "page.tmpl",
        "#import os.path as paths\n#from helpers import limit, shout\n#set module $sum = 3\n"
        "$limit$shout('a')$sum$paths.sep $form.sum $page $layout",
    )
    hidden = "limit=99&shout=x&sum=4&paths=x&"
    assert folder.text(f"/page.tmpl?{hidden}page=p&layout=l") == "10A3/ 4 p l"


def test_fields_do_not_hide_what_an_included_template_has(folder):
    folder.write("helpers.py", "limit = 10\n")
    folder.write("part.tmpl", "#from helpers import limit\n#def menu\nmenu#end def\n$menu $limit ")
    folder.write("page.tmpl", '#include "part.tmpl"\n$limit')
    assert folder.text("/page.tmpl?menu=x&limit=99").strip() == "menu 10 99"


def test_a_body_that_is_no_form_is_left_alone(folder):
    folder.write("page.tmpl", "$q $request.rawInput.read.decode")
    answer = folder.text("/page.tmpl?q=1", body=b'{"a": 1}', CONTENT_TYPE="application/json")
    assert answer == '1 {"a": 1}'


def test_web_input_is_that_of_the_request(folder):
    folder.write("page.tmpl", "#silent $webInput(['name', 'height:int'])\n$name $height")
    assert folder.text("/page.tmpl?name=Ada&height=170") == "Ada 170"


def test_head_of_the_response(folder):
    folder.write(
        "page.tmpl",
        "#silent $response.setHeader('Content-Type', 'text/plain')\n"
        "#silent $response.setStatus(404, 'Not Found')\ngone",
    )
    assert folder.get("/page.tmpl") == ("404 Not Found", [("Content-type", "text/plain")], "gone")
    folder.write("move.tmpl", "#silent $response.sendRedirect('/other')\n")
    status, fields, _ = folder.get("/move.tmpl")
    assert (status, dict(fields)["Location"]) == ("302 Found", "/other")
    folder.write(
        "none.tmpl", "#from HTTPExceptions import HTTPNotFound\n#raise HTTPNotFound('<x>')"
    )
    status, _, body = folder.get("/none.tmpl")
    assert status == "404 Not Found" and "<p>&lt;x&gt;</p>" in body


def test_templates_and_modules_are_extended(folder):
    folder.write("layout.tmpl", "<h1>$title</h1>#block body\nnone#end block\n$foot")
    folder.write("site.py", "class site:\n    foot = 'foot'\n    def area(self): return 'area'\n")
    write_old(
        folder, "layout.tmpl", "#extends site\n#implements respond\n<h1>$title</h1>$body $foot"
    )
    folder.write("page.tmpl", "#extends layout\n#attr $title = 'T'\n#def body\nbody $area#end def")
    assert folder.text("/page.tmpl") == "<h1>T</h1>body area foot"


def test_dotted_and_imported_templates(folder):
    folder.write("parts/layout.tmpl", "[$body]")
    folder.write("page.tmpl", "#extends parts.layout\n#def body\nbody#end def")
    assert folder.text("/page.tmpl") == "[body]"
    folder.write("part.tmpl", "#def hello($x)\nHello, $x!#end def")
    folder.write(
        "user.tmpl",
        "#import part\n#from part import part as Part\n$Part().hello(1) $part.part().hello(2)",
    )
    assert folder.text("/user.tmpl") == "Hello, 1! Hello, 2!"
    folder.write("json.tmpl", "wrong")
    folder.write("usual.tmpl", "#import json\n$json.dumps([1])")
    assert folder.text("/usual.tmpl") == "[1]"


def test_what_changes_is_made_anew(folder):
    write_old(folder, "base.py", "class base:\n    word = 'one'\n")
    write_old(folder, "layout.tmpl", "#extends base\n#implements respond\n<$body $word>")
    write_old(folder, "page.tmpl", '#extends layout\n#def body\nbody #include "part.inc"\n#end def')
    write_old(folder, "part.inc", "part")
    assert folder.text("/page.tmpl") == "<body part\n one>"
    folder.write("part.inc", "other $word")
    assert folder.text("/page.tmpl") == "<body other one\n one>"
    folder.write("layout.tmpl", "#extends base\n#implements respond\n($body $word)")
    assert folder.text("/page.tmpl") == "(body other one\n one)"
    folder.write("base.py", "class base:\n    word = 'second'\n")
    assert folder.text("/page.tmpl") == "(body other second\n second)"
    folder.write("page.tmpl", "alone")
    assert folder.text("/page.tmpl") == "alone"


def test_a_template_is_made_once(folder):
    write_old(folder, "counted.py", "made = []\n")
    write_old(
        folder,
        "page.tmpl",
        "#import counted\n#silent $counted.made.append(1)\n$len($counted.made) "
        "#cache\n$len($counted.made)#end cache",
    )
    assert [folder.text("/page.tmpl") for _ in range(3)] == ["1 \n1", "2 \n1", "3 \n1"]


def test_includes(folder):
    folder.write("sub/part.tmpl", '[$x #include "inner.txt"#]')
    folder.write("sub/inner.txt", "inner $x")
    folder.write("sub/page.txt", '#include raw "raw.txt"')
    folder.write("raw.txt", "$é")
    folder.write(
        "page.tmpl",
        '#set global $x = 5\n#include "sub/part.tmpl"\n#include "sub/page.txt"\n'
        "#include source=$text\n#include raw source=$text",
    )
    assert folder.text("/page.tmpl?text=%3C%24x%3E") == "[5 inner 5]$é<5><$x>"


def test_a_template_that_includes_itself_is_an_error(folder):
    folder.write("page.tmpl", '#include "page.tmpl"\n')
    with pytest.raises(RecursionError, match="more than 50 deep"):
        folder.get("/page.tmpl")


def test_a_template_that_extends_itself_is_an_error(folder):
    folder.write("a.tmpl", "#extends b\n")
    folder.write("b.tmpl", "#extends a\n")
    with pytest.raises(PageSyntaxError, match="a.tmpl extends itself"):
        folder.get("/a.tmpl")


def test_code_writes_in_place(folder):
    folder.write("page.tmpl", "a<% x = 'b'; write('-') %><%= x %>$getVar('none', 'c')")
    assert folder.text("/page.tmpl") == "a-bc"


def test_a_malformed_form_is_refused_before_the_template_runs(folder):
    folder.write("page.tmpl", "$varExists('a')")
    with pytest.raises(FormError):
        folder.get("/page.tmpl", body=b"x", CONTENT_TYPE="multipart/form-data")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n#if x\nb\n", 3, "missing their corresponding #end"),
        ("a\n\n$f(\n", 3, "EOF was reached"),
        ("x\n#set $y = = 3\n", 2, "invalid syntax"),
        ("x\ny\n#end if\n", 3, "nothing to end"),
        ("#import\n", 1, "list index out of range"),
        (b"a\n\xff\n", 2, "can't decode byte 0xff"),
        ("#encoding nonsense\n", 1, "unknown encoding"),
    ],
)
def test_faults_name_the_line_of_the_template(folder, text, line, message):
    folder.write("page.tmpl", text)
    with pytest.raises(PageSyntaxError, match=message) as caught:
        folder.get("/page.tmpl")
    assert (caught.value.filename, caught.value.lineno) == (f"{folder.root}/page.tmpl", line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb $missing.name\n", 2),
        ("a\n#for $i in [1]\n#silent 1/0\n#end for\n", 3),
        ("a\n<%\nx = 1\n%>\n#set $y = $int('x')\n", 5),
        ("\n#def f()\n\n$missing\n#end def\nx\n$f()\n", 4),
        ('\n\n#include "none.inc"\n', 3),
        ("a\n#import nothing_of_this_name\n", 2),
    ],
)
def test_errors_name_the_line_of_the_template(folder, text, line):
    folder.write("page.tmpl", text)
    with pytest.raises((LookupError, ArithmeticError, ValueError, OSError, ImportError)) as caught:
        folder.get("/page.tmpl")
    steps = traceback.extract_tb(caught.value.__traceback__)
    lines = [step.lineno for step in steps if step.filename == f"{folder.root}/page.tmpl"]
    assert lines[-1] == line


def test_a_servlet_of_webware_is_extended(folder):
    folder.write("Site.py", "from Page import Page\nclass Site(Page):\n    word = 'site'\n")
    folder.write("page.tmpl", "#extends Site\n#implements respond\n$word $request.field('a')")
    assert folder.text("/page.tmpl?a=1") == "site 1"


def test_without_ct3_the_error_says_what_to_install(folder, monkeypatch):
    folder.write("page.tmpl", "a")
    monkeypatch.setitem(sys.modules, "Cheetah.Template", None)
    with pytest.raises(ModuleNotFoundError, match=r"page\.tmpl needs Cheetah.*install CT3"):
        folder.get("/page.tmpl")


def test_a_check_says_what_to_install(tmp_path, monkeypatch):
    config = {"root": str(tmp_path), "directory": str(tmp_path), "handlers": []}
    assert check_scripts({**config, "kinds": {".tmpl": "cheetah"}}) == []
    monkeypatch.setitem(sys.modules, "Cheetah.Template", None)
    with pytest.raises(ModuleNotFoundError, match="install CT3") as caught:
        check_scripts({**config, "kinds": {".tmpl": "cheetah"}})
    assert explain_load_error(caught.value).endswith("-m pip install CT3'")
    assert check_scripts({**config, "kinds": {}}) == []
