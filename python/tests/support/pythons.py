"""The Pythons of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def list_pythons(oldest: tuple[int, int]) -> list[str]:
    """Interpreters from a version on: that of the tests, those of pyenv, and those that are named
    in TAIPAN_TEST_PYTHONS."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    named = os.environ.get("TAIPAN_TEST_PYTHONS", "").split(os.pathsep)
    places = [*root.glob("versions/*/bin/python3"), *map(Path, filter(None, named))]
    versions = {str(place): _version_of(place) for place in places if place.exists()}
    versions[sys.executable] = sys.version_info[:2]
    return sorted(place for place, version in versions.items() if version >= oldest)


def _version_of(python: Path) -> tuple[int, int]:
    code = "import sys; print(sys.version_info[0], sys.version_info[1])"
    made = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    major, minor = (made.stdout.split() or ["0", "0"])[:2]
    return int(major), int(minor)
