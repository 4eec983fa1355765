"""Both dialects beside the parsers of mod_python and of Webware themselves."""

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import test_psp_mod_python as mod_python
import test_psp_webware as webware

from support.pages import run_page
from taipan.psp.errors import PageSyntaxError

ORACLE = Path(__file__).parent / "support" / "psp_oracles.py"
LIBRARIES = Path("/usr/lib/python3/dist-packages/mod_python").glob(
    f"_psp.cpython-{sys.version_info[0]}{sys.version_info[1]}-*.so"
)

with_mod_python = pytest.mark.skipif(not any(LIBRARIES), reason="libapache2-mod-python is absent")
with_webware = pytest.mark.skipif(
    importlib.util.find_spec("webware") is None, reason="Webware is absent"
)

#: What is meant to differ where mod_python has an output as well, and why.
DIFFERENT = {
    # Backslashes are text.
    "\\x41": "A",
    # A comment does not swallow the text behind it.
    "<% # comment %>a": "",
    # A byte order mark is no text.
    "\ufeffa": "\ufeffa",
}

mod_python_folder = mod_python.folder
webware_folder = webware.folder


#: Parts of pages of chance.
TEXTS = ["text\n", "<%= x %>", "", "a", '"\\n', "\r\n"]
TAGS = ["<% f() %>", "<% x = 3 %>", "<%-- c\n --%>", "<%@ page %>", "<%\n%>"]
LINES = [
    *("if x:", "for i in y:", "f()", "x = 2", "# c", "", "def g():", "return x", "g()", "x = f(1,"),
    *("  2)", "if x: f()", "if x: # c", "if (x\n  ):", "else:"),
]
WEBWARE_TAGS = [
    "<% if x: %>",
    "<% for i in y: %>",
    "<% end %>",
    "<% end %>",
    "<% pass %>",
    "<%end$%>",
]


def pages_of_chance(count, tags, ends):
    chance = random.Random(10)

    def code():
        width = chance.choice([1, 2, 4])
        lines = chance.choices(LINES, k=chance.randint(0, 4))
        placed = [" " * (width * chance.choice([0, 0, 1, 2])) + line + "\n" for line in lines]
        return "<%\n" + "".join(placed) + chance.choice(ends)

    def part():
        return chance.choice(TEXTS) + (chance.choice(tags) if chance.random() < 0.4 else code())

    return ["".join(part() for _ in range(chance.randint(1, 5))) + "Z" for _ in range(count)]


def ask(dialect, sources, folder):
    pages, answers = Path(folder, "pages.json"), Path(folder, "answers.json")
    pages.write_text(json.dumps(sources), "utf-8")
    subprocess.run(
        [sys.executable, ORACLE, dialect, pages, answers],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )
    return dict(zip(sources, json.loads(answers.read_text("utf-8"))))


def ours(source, dialect, folder):
    try:
        return run_page(source, dialect, folder)
    except PageSyntaxError:
        return "refused"


def differences(dialect, sources, folder):
    """Pages that the oracle accepts and that write something else here."""
    theirs = ask(dialect, sources, folder)
    accepted = {source: answer for source, answer in theirs.items() if answer != "refused"}
    assert len(accepted) > len(sources) / 20
    return {
        source: (answer, mine)
        for source, answer in accepted.items()
        if (mine := ours(source, dialect, folder)) != answer
    }


@with_mod_python
def test_pages_are_what_mod_python_makes_of_them(mod_python_folder):
    folder = mod_python_folder
    assert ask("mod_python", list(mod_python.PAGES), folder) == mod_python.PAGES
    others = ask("mod_python", [page for page in mod_python.MORE if "\0" not in page], folder)
    for source, answer in others.items():
        assert answer == DIFFERENT.get(source, "refused"), source


@with_mod_python
def test_pages_of_chance_are_what_mod_python_makes_of_them(mod_python_folder):
    pages = pages_of_chance(600, TAGS, ["%>", "%>", "  %>", "\n%>"])
    assert differences("mod_python", pages, mod_python_folder) == {}


@with_webware
def test_pages_of_chance_are_what_webware_makes_of_them(webware_folder):
    pages = pages_of_chance(250, TAGS + WEBWARE_TAGS * 2, ["%>", "  %>", "$%>"])
    assert differences("webware", pages, webware_folder) == {}


@with_webware
def test_pages_are_what_webware_makes_of_them(webware_folder):
    assert ask("webware", list(webware.PAGES), webware_folder) == webware.PAGES
