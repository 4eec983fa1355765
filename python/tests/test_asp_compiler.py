"""ASP pages as they are compiled."""

import traceback

import pytest

from taipan.asp.includes import Site
from taipan.asp.page import AspCache, compile_asp, compile_global
from taipan.psp.errors import PageSyntaxError


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    root.mkdir()
    return Site(str(root), "/asp")


def write(site, name, text):
    from pathlib import Path

    path = Path(site.root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def run(site, text, **names):
    page = compile_asp(write(site, "page.asp", text), site)
    written = []

    class Response:
        Write = staticmethod(written.append)

    page.run({"Response": Response, **names}, written.append)
    return "".join(written)


def refuse(site, text):
    with pytest.raises(PageSyntaxError) as caught:
        compile_asp(write(site, "page.asp", text), site)
    return str(caught.value.msg), caught.value.filename, caught.value.lineno


@pytest.mark.parametrize(
    "directive",
    [
        "<%@ Language=Python %>",
        "<%@LANGUAGE='python'%>",
        '<% @ Language = "Python" CodePage=65001 %>',
        '<%@ Language="Python.AXScript.2" EnableSessionState=False Transaction=Required LCID=1%>',
        "<!-- about -->\n<%@ Language=Python %>",
        "",
    ],
)
def test_pages_in_python(site, directive):
    assert run(site, f"{directive}<%= 1 + 1 %>").endswith("2")


def test_other_languages_are_refused_by_one_sentence(site):
    for language in ("VBScript", "JScript"):
        message, _, line = refuse(site, f"\n<%@ Language={language} %>")
        assert message == (
            f"<%@ %>: the language is {language}, but only pages in Python can be served here"
        )
        assert line == 2
    message, _, _ = refuse(site, '<script runat=server language="VBScript"></script>')
    assert "only pages in Python" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<%@ CodePage=1 %>", "no code page 1"),
        ("<%@ LCID=x %>", "LCID is a number"),
        ("<%@ Speed=3 %>", "no attribute speed"),
        ("<%@ EnableSessionState=perhaps %>", "True or False"),
        ("<%@ Language=Python x %>", "none of name=value"),
        ("<%@ LCID=1 %><%@ LCID=1 %>", "only once"),
        ("<%= 1", "never closed"),
        ("<% 1", "never closed"),
        ("<script runat=server>x", "never closed by </script>"),
        ("<object runat=server progid=x></object>", "COM"),
        ("<!--#include name='x'-->", "includes are written"),
        ("<!--#include file='/x'-->", "write virtual="),
        ("<!--#include file='../x'-->", "leaves the folder"),
        ("<!--#include file='C:\\x'-->", "no path of this site"),
        ("<!--#include file='none.inc'-->", "No such file"),
    ],
)
def test_what_is_wrong_with_a_page(site, text, message):
    found, path, line = refuse(site, f"\n\n{text}")
    assert message in found
    assert (path, line) == (f"{site.root}/page.asp", 3)


def test_text_belongs_to_a_block_whose_line_ends_so(site):
    assert run(site, "<% for i in range(2): %>[<%= i %>]<% end %>.") == "[0][1]."
    assert run(site, "<%\nfor i in range(2):\n%>[<%= i %>]<%\n# end\n%>.") == "[0][1]."
    nested = (
        "<%\nfor i in '12':\n%>(<%\n    for j in 'ab':\n%><%= i + j %> <%\n    # end\n%>)<%\n#\n%>."
    )
    assert run(site, nested) == "(1a 1b )(2a 2b )."
    assert run(site, "<%\nfor i in '12':\n    j = i * 2\n    %><%= j %> <%\n#\n%>.") == "11 22 ."


def test_text_after_a_whole_block_is_outside_of_it(site):
    """As on IIS, and other than in the dialect of mod_python."""
    assert run(site, "<%\ndef f(x):\n\treturn x * 2\n%>a<%= f(2) %>") == "a4"
    assert run(site, "<%\nfor i in 'ab':\n    Response.Write(i)\n%>.") == "ab."
    assert run(site, "<%\nfor i in 'ab':\n    Response.Write(i) %>.") == "ab."
    within = "<%\nfor i in '12':\n    %>(<%\n    i += 'a' %><%= i %>)<%\n#\n%>."
    assert run(site, within) == "(1a)(2a)."
    inner = "<%\nfor i in 'ab':\n%>(<%\n    if i == 'a':\n        Response.Write(i)\n%>)<%\n#\n%>"
    assert run(site, inner) == "(a)()"


def test_tags_in_texts_of_code(site):
    assert run(site, r'<%= "<%\>" %>') == "<%>"
    assert run(site, "<%-- not this <%= 1 %> --%>a") == "a"


def test_scripts_define_before_the_page_and_act_after_it(site):
    text = """<script language=Python runat=server>
        import math
        GREETING = "hello"
        def greet(name="you"):
            return f'''{GREETING}
{name}'''
        shown = made
        Response.Write(shown)
    </script><%= greet() %> <%= math.pi > 3 %><% made = " end" %>"""
    assert run(site, text) == "hello\nyou True end"


def test_scripts_for_browsers_are_text(site):
    text = '<script src="<%= 1 %>.js">if (a < b) "<%= 2 %>"</script><SCRIPT>x</SCRIPT>'
    assert run(site, text) == text.replace("<%= 1 %>", "1").replace("<%= 2 %>", "2")


def test_includes(site):
    write(site, "inc/a.inc", '<% x = 1 %>a<!-- #INCLUDE FILE="../inc/b.inc" -->')
    write(site, "inc/b.inc", "b<%= x %>")
    write(site, "lib.py", "def f():\n    return 'f'\n")
    assert run(site, "<!--#include file='inc/a.inc'-->.") == "ab1."
    assert run(site, '<!--#include virtual="/inc\\a.inc"-->.') == "ab1."
    assert run(site, '<!--#include virtual="/asp/inc/a.inc"-->.') == "ab1."
    assert run(site, '<script runat=server src="lib.py"></script><%= f() %>') == "f"
    assert run(site, '<script runat=server src="/lib.py"></script><%= f() %>') == "f"


def test_a_page_that_includes_itself_is_refused(site):
    write(site, "a.inc", '<!--#include file="page.asp"-->')
    message, path, _ = refuse(site, '<!--#include file="a.inc"-->')
    assert message == "the page includes itself: page.asp -> a.inc -> page.asp"
    assert path.endswith("a.inc")


def test_includes_stay_in_the_site(site, tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "site" / "link").symlink_to(tmp_path / "secret")
    message, _, _ = refuse(site, '<!--#include file="link"-->')
    assert "leads out of the site" in message


def test_code_pages(site):
    assert run(site, '<%@ CodePage="1252" %><%= "é" %>é'.encode("cp1252")) == "éé"
    message, _, line = refuse(site, "a\né".encode("latin-1"))
    assert message.startswith("cannot be read as utf-8")
    assert line == 2


def test_errors_name_lines_of_pages_and_includes(site):
    assert refuse(site, "a\n<%\nx = = 1\n%>")[1:] == (f"{site.root}/page.asp", 3)
    write(site, "a.inc", "\n<%\n1/0\n%>")
    with pytest.raises(ZeroDivisionError) as caught:
        run(site, 'a\n<!--#include file="a.inc"-->')
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == (f"{site.root}/a.inc", 3)
    with pytest.raises(ZeroDivisionError) as caught:
        run(site, "<script runat=server>\ndef f():\n    1/0\n</script>\n<% f() %>")
    lines = [step.lineno for step in traceback.extract_tb(caught.value.__traceback__)]
    assert lines[-2:] == [5, 3]


def test_code_that_is_too_deep_is_refused(site):
    deep = "x = " + "(" * 400 + ")" * 400
    refuse(site, f"<script runat=server>{deep}</script>")


def test_the_global_file_has_only_scripts(site):
    path = write(site, "global.asa", "text <script runat=server>x = 1</script>")
    names = {}
    compile_global(path, site).run(names, None)
    assert names["x"] == 1
    write(site, "global.asa", "<% x %>")
    with pytest.raises(PageSyntaxError, match=r"global\.asa has code"):
        compile_global(path, site)


def test_pages_are_compiled_anew_when_an_include_differs(site):
    import os

    path = write(site, "page.asp", '<!--#include file="a.inc"-->')
    include = write(site, "a.inc", "1")
    cache = AspCache(site)
    os.utime(path, ns=(1, 1))
    os.utime(include, ns=(1, 1))
    page = cache.load(path)
    assert cache.load(path) is page
    write(site, "a.inc", "22")
    assert cache.load(path) is not page
