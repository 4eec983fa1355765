"""Tracebacks and errors name the file of a page and the line in it."""

import traceback

import pytest

from taipan.psp.errors import PageSyntaxError
from taipan.psp.page import PageOptions, compile_page

DIALECTS = ["mod_python", "webware"]


def steps_of(folder, dialect, files, **namespace):
    """Where in the pages the exception came by: file, line, function, text of the line."""
    for name, content in files.items():
        (folder / name).write_text(content)
    page = compile_page(str(folder / "page.psp"), options=PageOptions(dialect))
    with pytest.raises(ZeroDivisionError) as caught:
        page.run(namespace, lambda text: None)
    return [
        (step.filename.rpartition("/")[2], step.lineno, step.line)
        for step in traceback.extract_tb(caught.value.__traceback__)
        if step.filename.startswith(str(folder))
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "before",
    [
        "",
        "text\n\n",
        "text\r\n\r\n",
        "<%-- a\n\n --%>\n",
        "<%\nfor i in [1]:\n    pass\n\n%>\n",
        "<%= '''\n\n''' %>\n<% i = 1 %> <% i = 2 %>\n",
        "<% i = '''\n\n''' %>\n",
        "<% i = (1,\n\n 2) %>\n",
        "é<%= 'é' %>\n",
    ],
)
@pytest.mark.parametrize(
    "tag", ["<%= 1 / 0 %>", "é <% 1 / 0 %>", "<%\n\n1 / 0\n%>", "<%=\n\n1\n/ 0 %>"]
)
def test_a_line_of_the_page(before, tag, dialect, tmp_path):
    source = before + tag
    lines = source.replace("\r", "").split("\n")
    index = next(index for index in range(before.count("\n"), len(lines)) if "1" in lines[index])
    found = steps_of(tmp_path, dialect, {"page.psp": source})
    assert found == [("page.psp", index + 1, lines[index].strip())]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_columns_of_an_expression(dialect, tmp_path):
    path = tmp_path / "page.psp"
    path.write_text("\u00e9 <% for i in [0]: %>\n text <%= 1 + 1 / i %>\n<% end %>")
    page = compile_page(str(path), options=PageOptions(dialect))
    with pytest.raises(ZeroDivisionError) as caught:
        page.run({}, lambda text: None)
    step = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert step.lineno == 2
    if hasattr(step, "colno"):
        assert " text <%= 1 + 1 / i %>"[step.colno : step.end_colno] == "1 / i"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lines_of_included_files(dialect, tmp_path):
    files = {
        "page.psp": 'a\n<%@ include file="one.psp" %>\n<% g(0) %>',
        "one.psp": '<%@ include file="two.psp" %>\nb\n',
        "two.psp": "\n\n<%\ndef g(n):\n    if n:\n        return h(n)\n    return 1 / n\n\n%>\n",
    }
    found = steps_of(tmp_path, dialect, files)
    assert found == [("page.psp", 3, "<% g(0) %>"), ("two.psp", 7, "return 1 / n")]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_blocks_that_reach_into_and_out_of_an_included_file(dialect, tmp_path):
    files = {
        "page.psp": 'a\n<% for i in [1]: %>\n<%@ include file="one.psp" %>\n<% 1 / 0 %><% end %>',
        "one.psp": "\n<% end %><% for i in [0]: %>\n",
    }
    assert steps_of(tmp_path, dialect, files) == [("page.psp", 4, "<% 1 / 0 %><% end %>")]
    files["one.psp"] = "\n<% 1 / 0 %>"
    assert steps_of(tmp_path, dialect, files) == [("one.psp", 2, "<% 1 / 0 %>")]


def test_variables_of_a_step_in_an_included_file_stay(tmp_path):
    (tmp_path / "one.psp").write_text("<%\ndef g(secret):\n    return 1 / secret\n%>")
    path = tmp_path / "page.psp"
    path.write_text('<%@ include file="one.psp" %><%\n%><% g(0) %>')
    with pytest.raises(ZeroDivisionError) as caught:
        compile_page(str(path)).run({"name": "global"}, lambda text: None)
    last = list(traceback.walk_tb(caught.value.__traceback__))[-1][0]
    assert last.f_locals["secret"] == 0
    assert last.f_globals["name"] == "global"
    assert last.f_code.co_name == "g"


def test_exceptions_keep_their_identity_and_context(tmp_path):
    (tmp_path / "one.psp").write_text(
        "<%\ntry:\n    1 / 0\nexcept ArithmeticError:\n    raise error\n%>"
    )
    path = tmp_path / "page.psp"
    path.write_text('<%@ include file="one.psp" %>')
    error = KeyError("own")
    with pytest.raises(KeyError) as caught:
        compile_page(str(path)).run({"error": error}, lambda text: None)
    assert caught.value is error
    assert isinstance(error.__context__, ZeroDivisionError)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", ["<%\nx = = 1\n%>", "<%= a b %>", "<% 'open %>", "<% break %>"])
def test_a_syntax_error_in_an_included_file(fault, dialect, tmp_path):
    (tmp_path / "one.psp").write_text("a\nb\n" + fault)
    path = tmp_path / "page.psp"
    path.write_text('<% x = 1 %>\n<%@ include file="one.psp" %>\n\n\n<% x = 2 %>')
    with pytest.raises(PageSyntaxError) as caught:
        compile_page(str(path), options=PageOptions(dialect))
    assert caught.value.filename == str(tmp_path / "one.psp")
    assert caught.value.lineno == (4 if "= =" in fault else 3)


def include(name):
    return f'<%@ include file="{name}" %>'


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_circle_of_includes(dialect, tmp_path):
    path = tmp_path / "page.psp"
    path.write_text(f"a\n{include('one.psp')}")
    (tmp_path / "one.psp").write_text(f"\n\n{include('../' + tmp_path.name + '/page.psp')}")
    with pytest.raises(PageSyntaxError) as caught:
        compile_page(str(path), options=PageOptions(dialect))
    assert caught.value.msg == "the page includes itself: page.psp -> one.psp -> page.psp"
    assert (caught.value.filename, caught.value.lineno) == (str(tmp_path / "one.psp"), 3)


def test_includes_are_bounded_in_depth_and_number(tmp_path):
    for number in range(100):
        (tmp_path / f"{number}.psp").write_text(include(f"{number + 1}.psp"))
    with pytest.raises(PageSyntaxError, match="nested more than 50 deep"):
        compile_page(str(tmp_path / "0.psp"))
    for number in range(30):
        (tmp_path / f"{number}.psp").write_text(include(f"{number + 1}.psp") * 2)
    (tmp_path / "30.psp").write_text("x")
    with pytest.raises(PageSyntaxError, match="more than 1000 includes"):
        compile_page(str(tmp_path / "0.psp"))


def test_constant_text_is_one_call(tmp_path):
    (tmp_path / "one.psp").write_text("b<%-- c --%>")
    page = compile_page(
        str(tmp_path / "page.psp"), f"a<%-- c --%>{include('one.psp')}<%@ x %>c".encode()
    )
    written = []
    page.run({}, written.append)
    assert written == ["abc"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_code_is_bounded(dialect, tmp_path):
    for source, line in (("<%=1%>\n" * 20_001, 20_001), (f"a\n<%{'x' * 2**20}y%>", 2)):
        with pytest.raises(PageSyntaxError, match="more than 20000 tags") as caught:
            compile_page(f"{tmp_path}/page.psp", source.encode(), PageOptions(dialect))
        assert caught.value.lineno == line


def test_a_large_page_is_whole_and_a_larger_one_is_refused(tmp_path):
    path = tmp_path / "page.psp"
    line = "<p>a line of text</p>\n"
    count = 10 * 2**20 // len(line)
    path.write_text(line * count + "<%= 1 %>")
    written = []
    compile_page(str(path)).run({}, written.append)
    assert "".join(written) == line * count + "1"
    path.write_text("x" * (16 * 2**20 + 1))
    with pytest.raises(PageSyntaxError, match="more than 16777216 bytes") as caught:
        compile_page(str(path))
    assert caught.value.filename == str(path)
