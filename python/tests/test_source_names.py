"""Node and Python take the same files for sources, which are never sent."""

import re
from pathlib import Path

from taipan.scripts.mod_python.handlers import default_file

SCRIPT_KINDS = Path(__file__).parents[2] / "src" / "pipeline" / "scripts" / "script-kinds.ts"


def test_the_endings_of_sources_are_those_of_node():
    found = re.search(r"const SOURCES = \[(.*?)\]", SCRIPT_KINDS.read_text("utf-8"), re.DOTALL)
    endings = re.findall(r"'(\w+)'", found[1])
    assert "py" in endings
    assert set(endings) == default_file._SOURCES
