"""The dialect of mod_python: what pages write."""

import pytest

from support.pages import run_page
from taipan.psp.errors import PageSyntaxError
from taipan.psp.page import compile_page

#: Pages that mod_python's own parser accepts; test_psp_oracles compares them with it.
PAGES = {
    "": "",
    "text": "text",
    'a "b" \\n \\r \\t é': 'a "b" \\n \\r \\t é',
    'ends with "': 'ends with "',
    "a\r\nb\rc": "a\nb\nc",
    "<<%= x %>> < % %>": "<1> < % %>",
    "<%= x\n + 1 %>": "2",
    "<%= %>": "",
    '<%= b"a", "ascii" %>': "a",
    "a<%-- x %> y\n --%>b": "ab",
    "a<%@ page foo %>b<%@ INCLUDE file=\"inc.psp\" %><%@ include file='inc.psp' %>c": "abc",
    "<% z = 3 %><%= z %>": "3",
    '<% req.write("w") %>t': "wt",
    # Text takes the indentation of the last line.
    "<%\nfor i in y:\n%>a<%= i %>\n<%\n%>b": "a1\na2\nb",
    "<%\nfor i in y:\n  z = i\n%>a<%= z %>": "a1a2",
    "<%\nfor i in y:\n  z = i\nz = 5\n%>a<%= z %>": "a5",
    "<%\nfor i in y:\n  # comment\n%>a": "aa",
    "<%\nfor i in y:\n  z = i\n# comment\n%>a": "a",
    "<%\nfor i in y:\n  f()\n%>a<%\n%>b": "aab",
    "<%\nfor i in y:\n  f()\n\n%>a": "a",
    "<%\nfor i in y:\n  f()\n%>a<%\n  f()\n%>b<%\n# end\n%>c": "ababc",
    "<%\nfor i in y:\n\n\n%>a": "aa",
    '<%\nif x:\n  z = """\nfoo\n"""\n%>a<%= z %>': "a\nfoo\n",
    "<%\nif x:\n%>a<%\nelse:\n%>b<%\n%>c": "ac",
    "<%\nif not x:\n%>a<%\nelif x:\n%>b<%\nelse:\n%>c<%\n%>d": "bd",
    "<%\nif x:\n%><%\nelse:\n%>b<%\n%>c": "c",
    "<%\ntry:\n  z.z\n%>a<%\nexcept NameError:\n%>b<%\n%>c": "bc",
    "<%\nfor i in (1,\n    2):\n%>a<%\n%>b": "aab",
    "<%\nend = 3\n%><%= end %>": "3",
    # A statement of one line belongs to the body around it.
    "<%\nfor i in y:\n%>a<% z = i %><%= z %><%\n%>b": "a1a2b",
    "<%\nfor i in y:\n  z = i\n%>a<% z += 1 %>b\n<%= z %><%\n%>c": "ab\n2ab\n3c",
    # All of the rest is the function's.
    "<%\ndef g():\n  return 3\n%>never<%= g() %>": "",
    "<%\ndef g():\n  # body\n%>a<%\n%>b<% g() %>c": "bac",
    "<%\ndef g(n):\n  f()\n%>[<%= n %>]<%\n\ng(1)\ng(2)\n%>": "[1][2]",
    '<%\nz = {"a": 1,\n"b": 2}\n%>t<%= z["b"] %>': "t2",
    "<%\nif x:%>t<%\n%>u": "tu",
    '<%= ">" %>%>': ">%>",
    "text<%= z %>": "text!NameError",
    "text<%= 1, 2 %>": "text!TypeError",
    '<%@include file="inc.psp"%>|<%@ include file = "inc.psp" %>': "[inc][sub]|[inc][sub]",
    '<%\nfor i in y:\n%><%@ include file="inc.psp" %><%\n%>.': "[inc][sub][inc][sub].",
    '<%@ include file="open.psp" %>a<%\n%>b': "aab",
    'a<%@ include file="inc.psp" %><%= x %>': "a[inc][sub]1",
}

#: What mod_python's own parser refuses or spoils, and what is written here.
MORE = {
    "C:\\users\\x41\\": "C:\\users\\x41\\",
    "\\x41": "\\x41",
    "<% for i in y: %>a<% end %>b": "aab",
    "<% for i in y: %>a<% %>b": "aab",
    "<% for i in y: %>a<%\n%>b": "aab",
    "<% if x: %>a<% else: %>b<% end %>c": "ac",
    "<% if not x: %>a<% elif x: %>b<% else: %>c<% end %>d": "bd",
    "<% for i in y: %><% if i > 1: %>a<% else: %>b<% end %>.<% end %>c": "b.a.c",
    "<% for i in y: %><%\nz = i\nz += 1\n%><%= z %><% end %>c": "23c",
    "<% if not x: %><% else: %>b<% end %>c": "bc",
    "<% if x: %><% end %>c": "c",
    "<% try: %>a<% z %><% except NameError: %>b<% finally: %>c<% end %>d": "abcd",
    "<% while x: %>a<% break %><% end %>b": "ab",
    "<%\nif x:\n%>a<% else: %>b<%\n%>c": "ac",
    "<% if x: f() %>a": "a",
    "<% if x:\n  f()\n%>a": "a",
    "<%\nfor i in y: \n%>a<%\n%>b": "aab",
    "<%\nfor i in y: # comment\n%>a<%\n%>b": "aab",
    "<%\nf(1,\n    2)\n%>a": "a",
    "<%\nfor i in y:\n  f()\n  %>a": "aa",
    "<%\nfor i in y:\n  f()%>a": "aa",
    "<% # comment %>a": "a",
    "<%= x # comment %>a": "1a",
    "<%%>a": "a",
    "a\0b": "a\0b",
    "\ufeffa": "a",
}

REFUSED = {
    "a\n<%= x": ("<%= is never closed", 2),
    "a\nb<%-- x %>": ("<%-- is never closed", 2),
    "<%@ include": ("<%@ is never closed", 1),
    "a\n<%\nx = 1\ny ! 2\n%>": ("invalid syntax", 4),
    "a\n\n<%= 1 + %>": ("invalid syntax", 3),
    "a\n<% return %>": ("'return' outside function", 2),
    "a\n<%\nif x:\n      f()\n   f()\n%>": ("unindent", 5),
    '<%@ include file="page.psp" %>': ("the page includes itself: page.psp -> page.psp", 1),
    'a\n<%@ include file="absent.psp" %>': ("No such file", 2),
    'a\n<%@ include file="" %><%@ include file="." %>': ("Is a directory", 2),
    "a\nb\n<% \0 %>": ("null byte", 3),
    "<%= " + "(" * 3000 + " %>": ("", 1),
    b"a\n\xff": ("cannot be read as utf-8", 2),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inc.psp").write_text('[inc]<%@ include file="sub/sub.psp" %>')
    # Names stay relative to the folder of the page.
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "sub.psp").write_text('<%@ include file="sub/text.html" %>')
    (tmp_path / "sub" / "text.html").write_text("[sub]")
    (tmp_path / "open.psp").write_text("<%\nfor i in y:\n%>")
    return str(tmp_path)


@pytest.mark.parametrize("source", [*PAGES, *MORE])
def test_output(source, folder):
    assert run_page(source, folder=folder) == {**PAGES, **MORE}[source]


@pytest.mark.parametrize("source", REFUSED)
def test_refused(source, folder):
    message, line = REFUSED[source]
    content = source if isinstance(source, bytes) else source.encode()
    with pytest.raises(PageSyntaxError) as caught:
        compile_content(folder, content)
    assert message in caught.value.msg
    assert (caught.value.filename, caught.value.lineno) == (f"{folder}/page.psp", line)


def compile_content(folder, content):
    with open(f"{folder}/page.psp", "wb") as stream:
        stream.write(content)
    return compile_page(f"{folder}/page.psp")


def test_names_of_the_page_level(folder):
    page = compile_content(folder, b"<%= form %><%\ndef g():\n  session\n%>")
    assert "form" in page.names
    assert "session" not in page.names


def test_a_page_may_be_left_open():
    assert run_page("a<% f()") == "a"


def test_autoescape():
    source = "<&<%= '<&\"' %>"
    assert run_page(source, autoescape=True) == "<&&lt;&amp;&quot;"
    assert run_page(source) == '<&<&"'


def test_autoescape_trusts_markup():
    source = "<%\nclass M:\n    def __html__(self): return '<b>'\n%>"
    assert run_page(source + "<%\n%><%= M() %>", autoescape=True) == "<b>"


def test_values_are_shown_as_str_shows_them():
    source = (
        "<%\nclass V:\n    __str__, __format__ = (lambda self: 'str'), None\n%><%\n%>"
        "<%= V() %> <%= V(), %> <%= *'a' %> <%= {'b'} %> <%= 'c' if V else '' %>"
        " <%= b'd', 'ascii' %>"
    )
    assert run_page(source) == "str str a {'b'} c d"


def test_encoding():
    assert run_page("é<%= 'ü' %>".encode("latin-1"), encoding="latin-1") == "éü"


def test_runs_share_nothing():
    page = compile_page("/nowhere/page.psp", b"<%\nn = globals().get('n', 0) + 1\n%><%= n %>")
    written = []
    page.run({}, written.append)
    page.run({}, written.append)
    assert written == ["1", "1"]


def test_loops_and_functions_that_write_make_room():
    source = (
        "<%\ndef show(n):\n    'doc'\n%><%= show.__doc__ %><%\n\n"
        "for n in y:\n    show(n)\n    for m in y:\n        n += m\n"
        "while y:\n    y.pop()\n%>+<%\n%>"
    )
    page = compile_page("/nowhere/page.psp", source.encode())
    written = []
    page.run({"y": list(range(32))}, written.append, lambda: written.append("."))
    assert "".join(written) == ("doc" * 15 + ".doc") * 2 + ("+" * 15 + ".+") * 2


def test_a_loop_of_text_leaves_in_pieces():
    page = compile_page("/nowhere/page.psp", b"<%\nfor n in range(10000):\n%>text<%\n%>")
    held, longest = [], []

    def make_room():
        longest.append(len(held))
        held.clear()

    page.run({}, held.append, make_room)
    assert max(longest) == 16
