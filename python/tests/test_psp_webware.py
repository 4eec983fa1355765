"""The dialect of Webware: what pages write."""

import sys
import types

import pytest

from support.pages import run_page
from taipan.psp.errors import PageSyntaxError
from taipan.psp.page import PageOptions, compile_page

#: Pages that Webware accepts; test_psp_oracles compares them with it.
PAGES = {
    "": "",
    "text": "text",
    'a "b" \\n \\u0041 \\': 'a "b" \\n \\u0041 \\',
    "a\r\nb\rc": "a\nb\nc",
    "<<%= x %>> < % %>": "<1> < % %>",
    "<%=\nx\n + 1 %>": "2",
    "a<%-- x %> y\n --%>b": "ab",
    '<% res.write("%\\\\>") %><%= "%\\\\>" %>': "%>%>",
    # Blocks.
    "<% for i in y: %>a<%= i %> <% end %>b": "a1 a2 b",
    "<% for i in y: # comment %>a<% end %>b": "aab",
    "<% for i in y: %>a<% pass %>b": "aab",
    "<% for i in y: %>\n<% if i > 1: %>a<% end %>\n<% end %>b": "ab",
    "<% if not x: %>a<% end %>\n <% else: %>b<% end %>c": "bc",
    "<% try: %><% z %><% end %><% except NameError: %>b<% end %>c": "bc",
    "<%\n    for i in y:\n%>a<% end $%>b": "aab",
    "<%\n  for i in y:\n    f()\n    z = i\n%>a<%= z %>": "a2",
    "<%\nfor i in y:\n    z = i\n$%>a<%= z %><% f() %>b": "a1a2b",
    "<% \n        for i in y:\n    z = i\nz = 5\n%>a<%= z %>": "a5",
    "<% end %>a<% pass %>b": "ab",
    "<% %>a<%\n%>b": "ab",
    "<%\nif x:\n  # comment\n  z = 4\n# comment\n%><%= z %>": "4",
    "<% def g(n): %>[<%= n %>]<% end %><% g(1) %>a": "[1]a",
    # White space between two tags of code.
    "<% f() %>\n\n \t<% f() %>\n<%= x %>\n<% f() %> a": "\n1\n a",
    "<% f() %>\n<%-- c --%>\n<% f() %> <%@ page %> <% f() %>": "",
    "<%@ page gobbleWhitespace='no' %><% f() %>\n<% f() %>": "\n",
    # Directives.
    '<%@ page imports="os, os.path:join" %><%= join("a", "b") %><%= os.sep %>': "a/b/",
    '<%@page formatter="repr"%><%= "a" %>': "'a'",
    '<%@ page indentType="tabs" %><% if x: %>a<% end %>': "a",
    '<%@ page indentSpaces="1" %><% if x: %>a<% end %>': "a",
    '<%@ page isThreadSafe="yes" extends="Page" %><%= self.canBeThreaded() %>': "True",
    "<%= self.canBeThreaded() %><%= self.canBeReused() %>": "FalseTrue",
    '<%@ page indentType="braces" %><% for i in y: { %>a<% } %>b': "aab",
    '<%@ page indentType="braces" %><% if not x:{ f() } else :{ z = {1: {2: 3}} } %><%= z %>': (
        "{1: {2: 3}}"
    ),
    '<%@ page indentType="braces" %><%\nfor i in y :{ # a }\nz = "}" \n  if i == 1:{ continue }\n'
    "%>a<% } %>b": "ab",
    "<%@ include file=\"inc.psp\" %>|<%@include file='inc.psp'%>": "[inc][sub]|[inc][sub]",
    "<% for i in y: %><%@ include file='inc.psp' %><% end %>.": "[inc][sub][inc][sub].",
    "<%@ include file='open.psp' %>a<% end %>b": "aab",
    '<psp:insert file="inc.psp">': '[inc]<%@ include file="sub/sub.psp" %>',
    # Members of the class.
    '<psp:method name="g" params="a, b=2">\n  return a + b\n</psp:method><%= self.g(1) %>': "3",
    '<psp:method name="g">return 3</psp:method><%= self.g() %>': "3",
    "<%= Q %><psp:file>\n  Q = 3\n  def g(): return Q\n</psp:file><%= g() %>": "33",
    "<psp:class>\n  q = 3\n  def g(self): return self.q\n</psp:class><%= self.g() %>": "3",
    "<psp:forward path='a'><psp:other>": "<psp:forward path='a'><psp:other>",
    "a<%= z %>": "a!NameError",
}

#: What Webware refuses or spoils, and what is written here.
MORE = {
    "<%\n  for i in y:\n    z = i\n$%>a<%= z %><% f() %>b": "a1a2b",
    "<% if x: %><% end %>c": "c",
    "<% if not x: %>a<% else: %>b<% end %>c": "bc",
    "<% for i in y: %><% if i > 1: %>a<% end %><% else: %>b<% end %>.<% end %>c": "b.a.c",
    '<% if "#": %>a<% end %>b': "ab",
    "<% if x:\n  %>a<% end %>b": "ab",
    "<%\nif x:\n    if x:\n%>a<% end %>b": "ab",
    "<%= x # comment %>a": "1a",
    "<%@ page isInstanceSafe='no' %><%= self.canBeReused() %>": "False",
    '<psp:insert file="sub/text.html"/>': "[sub]",
    '<psp:method name="g"></psp:method><%= self.g() %>': "None",
    "\ufeffa": "a",
}

REFUSED = {
    "a\n<%= x": ("<%= is never closed", 2),
    "a\n<% x": ("<% is never closed", 2),
    "a\n<%-- x": ("<%-- is never closed", 2),
    "a\n<%@ other %>": ("unknown directive", 2),
    "<%@ taglib %>": ("taglib", 1),
    "<%@ page language='c' %>": ("no attribute language", 1),
    "<%@ page method=writeBody %>": ('name="value"', 1),
    "<%@ page method='a b' %>": ("'a b' is no name of a method", 1),
    "\n<%@ page extends='a+b' %>": ("'a+b' is no name of a class", 2),
    "<%@ page indentType='stars' %>": ("'stars' is none of", 1),
    "<%@ page indentSpaces='0' %>": ("'0' is no number from 1", 1),
    "<%@ page imports='a b' %>": ("invalid syntax", 1),
    "<%@ page formatter='a b' %>": ("invalid syntax", 1),
    "<%@ include %>": ("needs the attribute file", 1),
    "<%@ include file='absent.psp' %>": ("No such file", 1),
    "a\n<%@ include file='page.psp' %>": ("page.psp -> page.psp", 2),
    "<psp:method name='g'>": ("never closed by </psp:method>", 1),
    "<psp:method name='g h'></psp:method>": ("'g h' is no name", 1),
    "\n<psp:method name='g' params='a b'></psp:method>": ("", 2),
    "<psp:file>": ("never closed by </psp:file>", 1),
    "a\n<psp:insert file='absent'>": ("is no file", 2),
    "<psp:insert file='inc.psp' static='1'>": ("no attribute static", 1),
    "a\n<%\n  for x in y\n%>": ("expected ':'", 3),
    "<psp:class>\n\n  1 +\n</psp:class>": ("invalid syntax", 3),
    "<%@ page indentType='braces' %>\n<% } %>": ("} closes no block", 2),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inc.psp").write_text('[inc]<%@ include file="sub/sub.psp" %>')
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "sub.psp").write_text('<%@ include file="sub/text.html" %>')
    (tmp_path / "sub" / "text.html").write_text("[sub]")
    (tmp_path / "open.psp").write_text("<% for i in y: %>")
    return str(tmp_path)


@pytest.mark.parametrize("source", [*PAGES, *MORE])
def test_output(source, folder):
    assert run_page(source, "webware", folder) == {**PAGES, **MORE}[source]


@pytest.mark.parametrize("source", REFUSED)
def test_refused(source, folder):
    message, line = REFUSED[source]
    path = f"{folder}/page.psp"
    with open(path, "w") as stream:
        stream.write(source)
    with pytest.raises(PageSyntaxError) as caught:
        compile_page(path, options=PageOptions("webware"))
    assert message in caught.value.msg
    assert (caught.value.filename, caught.value.lineno) == (path, line)


def define(source, **namespace):
    page = compile_page("/nowhere/page.psp", source.encode(), PageOptions("webware"))
    return page, page.define(namespace)


def test_the_class_writes_by_the_method_of_the_page():
    page, made = define('<%@ page method="writeBody" %>a<%= req %>')
    assert page.method == "writeBody"
    servlet, written = made(), []
    servlet._transaction = types.SimpleNamespace(
        request=lambda: "request", response=lambda: types.SimpleNamespace(write=written.append)
    )
    servlet.writeBody()
    assert written == ["a", "request"]


def test_awake_of_the_base_and_of_the_page():
    class Page:
        def awake(self, trans):
            self.trans = trans

    _, made = define("<psp:class>\ndef initPSP(self): self.begun = True\n</psp:class>", Page=Page)
    servlet = made()
    servlet.awake("transaction")
    assert (servlet.trans, servlet.begun) == ("transaction", True)
    _, made = define('<psp:method name="awake" params="trans">self.own = trans</psp:method>')
    servlet = made()
    servlet.awake("transaction")
    assert servlet.own == "transaction"


def test_bases_are_classes_or_modules_with_a_class_of_their_name(monkeypatch):
    module = types.ModuleType("SitePage")
    module.SitePage = type("SitePage", (), {})
    module.Other = type("Other", (), {})
    monkeypatch.setitem(sys.modules, "SitePage", module)
    _, made = define("<%@ page extends='SitePage, SitePage.Other' %>")
    assert made.__bases__ == (module.SitePage, module.Other)
    _, made = define("<%@ page imports='SitePage:Other' extends='Other' %>")
    assert made.__bases__ == (module.Other,)
    with pytest.raises(ModuleNotFoundError):
        define("<%@ page extends='AbsentPage' %>")


def test_includes_of_other_urls_are_asked_of_the_application():
    asked = []
    application = types.SimpleNamespace(includeURL=lambda *args: asked.append(args))
    transaction = types.SimpleNamespace(application=lambda: application)
    page, made = define("a<psp:include path=\"/b?c='d'\">", Page=type("Page", (), {}))
    made.transaction = lambda self: transaction
    made()._writeHTML(types.SimpleNamespace(write=lambda text: None))
    assert asked == [(transaction, "/b?c='d'")]


def test_autoescape_is_applied_to_what_a_formatter_makes():
    assert run_page("<&<%= '<' %>", "webware", autoescape=True) == "<&&lt;"
    source = "<%@ page formatter='lambda v: v * 2' %><%= '<' %>"
    assert run_page(source, "webware", autoescape=True) == "&lt;&lt;"
