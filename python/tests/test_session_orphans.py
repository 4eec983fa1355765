"""The folder of sessions of a server that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taipan.sessions.orphans import remove_orphan


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def make(folder: Path) -> None:
    folder.mkdir()
    for name in ("sessions.db", "sessions.db-wal", "sessions.db-lock"):
        (folder / name).touch()


def test_is_removed(tmp_path: Path, ended: int) -> None:
    make(tmp_path / "sessions")
    remove_orphan(str(tmp_path / "sessions"), ended)
    assert not (tmp_path / "sessions").exists()


def test_stays_while_the_server_runs(tmp_path: Path) -> None:
    make(tmp_path / "sessions")
    remove_orphan(str(tmp_path / "sessions"), os.getpid())
    assert (tmp_path / "sessions/sessions.db").exists()


def test_keeps_what_sessions_have_not_made(tmp_path: Path, ended: int) -> None:
    make(tmp_path / "sessions")
    make(tmp_path / "sessions/other")
    remove_orphan(str(tmp_path / "sessions"), ended)
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["other"]
    assert len(list((tmp_path / "sessions/other").iterdir())) == 3


def test_links_lead_to_nothing(tmp_path: Path, ended: int) -> None:
    make(tmp_path / "victim")
    (tmp_path / "sessions").symlink_to(tmp_path / "victim")
    remove_orphan(str(tmp_path / "sessions"), ended)
    assert len(list((tmp_path / "victim").iterdir())) == 3
    (tmp_path / "sessions").unlink()
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions/sessions.db").symlink_to(tmp_path / "victim/sessions.db")
    remove_orphan(str(tmp_path / "sessions"), ended)
    assert (tmp_path / "victim/sessions.db").exists()
    assert not (tmp_path / "sessions").exists()
