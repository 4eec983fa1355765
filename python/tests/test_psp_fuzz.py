"""Pages of chance are compiled or refused, and nothing else happens."""

import random
import warnings

import pytest

from taipan.psp.errors import PageSyntaxError
from taipan.psp.page import PageOptions, compile_page

WORDS = (
    "<% |<%= |<%@ |<%-- |<%\n|%>|--%>|$%>|<psp:method name='a'>|</psp:method>|<psp:file>"
    "|</psp:file>|<psp:class>|</psp:class>|<psp:insert file='a'>|<psp:include path='a'>|page "
    "|include |file=|'|\"|\"\"\"|'''|\\|\\\n|#|:|:{|}|{|(|)|[|]|\n|\r|\t|    | |if x:|else:|end"
    "|pass|for i in y:|def g():|return|x = 1|é|\0|\ufeff|indentType='braces'|method=\"m\"|lambda:"
    "|f'{|class A:|try:|except:|yield|await x|*|@|;|0x|1_"
).split("|")

#: Pages of many of these have much to search through.
PARTS = ["<%", "<% '", "<%--", '"""', '<% """\\', "<%= (", "\\", "<psp:method "]
PARTS += ["<%@ page a='", "<%\n{"]


@pytest.mark.parametrize("dialect", ["mod_python", "webware"])
def test_words_of_pages(dialect):
    chance = random.Random(20261129)
    compiled = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2000):
            source = "".join(chance.choices(WORDS, k=chance.randint(1, 25)))
            try:
                compile_page("/nowhere/page.psp", source.encode(), PageOptions(dialect))
                compiled += 1
            except PageSyntaxError as error:
                assert error.filename == "/nowhere/page.psp"
                lines = source.replace("\r", "\n").count("\n") + 1
                assert error.lineno is not None and 1 <= error.lineno <= lines
    assert 50 < compiled < 1900


@pytest.mark.parametrize("dialect", ["mod_python", "webware"])
def test_bytes(dialect):
    chance = random.Random(1)
    for _ in range(500):
        source = chance.choice([b"", b"<%= "]) + bytes(chance.choices(range(256), k=50))
        try:
            compile_page("/nowhere/page.psp", source, PageOptions(dialect))
        except PageSyntaxError:
            pass


@pytest.mark.parametrize("dialect", ["mod_python", "webware"])
@pytest.mark.parametrize("part", PARTS)
def test_the_work_grows_with_the_page_only(part, dialect):
    """With the square of it such pages would take minutes."""
    try:
        compile_page("/nowhere/page.psp", (part * 30_000).encode(), PageOptions(dialect))
    except PageSyntaxError:
        pass
