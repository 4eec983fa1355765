"""What is made of files, kept in memory until they change."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Callable, Generic, Optional, TypeVar

from taipan.loader import ptl
from taipan.loader.open_source import open_source
from taipan.looks import examine
from taipan.native import allocate_lock
from taipan.template_facts import publish, subscribe

#: Values that a cache keeps.
USUAL_LIMIT = 4096
#: What was written so recently may be written again without another modification time.
UNSURE_NS = 100_000_000

T = TypeVar("T")

#: Modification time in nanoseconds, size and inode.
Stamp = tuple[int, int, int]

#: What was made, and the stamps of all files it was made of.
Built = tuple[T, Mapping[str, Stamp]]


def stamp_of(status: os.stat_result) -> Stamp:
    """Identifies a version of a file."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def file_stamp(path: str) -> Stamp:
    """Identifies the present version of a file. Raises `OSError`."""
    return stamp_of(os.stat(path))


#: Gives what is at a path; None if nothing is.
Examine = Callable[[str], Optional[os.stat_result]]


def _are_present(stamps: Mapping[str, Stamp], examine: Examine) -> bool:
    for path, stamp in stamps.items():
        found = examine(path)
        if found is None or stamp_of(found) != stamp:
            return False
    return True


#: Equal to no version.
_NO_VERSION: Hashable = object()


class _Entry(Generic[T]):
    def __init__(self, path: str, built: Built[T], version: Hashable) -> None:
        self.value, self.stamps = built
        self.others = {name: stamp for name, stamp in self.stamps.items() if name != path}
        #: What callers called this version of the file.
        self._version: Hashable = None
        #: The version that says all: there are no other files.
        self.known: Hashable = _NO_VERSION
        self._name(version)

    def is_present(self, version: Hashable, examine: Examine) -> bool:
        """Whether no file has changed since, of which the caller may know one already."""
        if version is not None and version == self._version:
            return not self.others or _are_present(self.others, examine)
        if not _are_present(self.stamps, examine):
            return False
        self._name(version)
        return True

    def _name(self, version: Hashable) -> None:
        if version is not None:
            self._version = version
            if not self.others:
                self.known = version


class FileCache(Generic[T]):
    """Values by path, each made anew when a file that it was made of differs.

    A value is made once, however many threads ask for it. Errors are not kept. The values that
    were not asked for the longest time are dropped beyond `limit`; 0 makes each anew.
    `examine` looks at the files.
    """

    def __init__(
        self,
        build: Callable[[str], Built[T]],
        limit: int = USUAL_LIMIT,
        examine: Examine = examine,
    ) -> None:
        self._build = build
        self._limit = limit
        self._examine = examine
        self._lock = allocate_lock()
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()
        self._turns: dict[str, _Turn] = {}
        self._topic = ""

    def __len__(self) -> int:
        return len(self._entries)

    def share(self, topic: str) -> None:
        """Lets processes that end with their request publish to their template what is made."""
        self._topic = topic
        subscribe(topic, self.load)

    def load(self, path: str, version: Hashable = None) -> T:
        """The value of a file. Raises what making it raises.

        `version` identifies the content of the file, if the caller knows it already; None: look.
        """
        entry = self._entries.get(path)
        if entry is None or entry.known != version:
            entry = self._find(path, version)
        if entry is not None:
            try:
                self._entries.move_to_end(path)
            except KeyError:
                # Another thread has dropped it.
                pass
            return entry.value
        with self._turn(path):
            entry = self._find(path, version)
            if entry is None:
                entry = _Entry(path, self._build(path), version)
                self._keep(path, entry)
            return entry.value

    def _find(self, path: str, version: Hashable) -> _Entry[T] | None:
        entry = self._entries.get(path)
        return entry if entry is not None and entry.is_present(version, self._examine) else None

    def _keep(self, path: str, entry: _Entry[T]) -> None:
        now = time.time_ns()
        unsure = any(0 <= now - stamp[0] < UNSURE_NS for stamp in entry.stamps.values())
        with self._lock:
            self._entries.pop(path, None)
            if unsure:
                return
            self._entries[path] = entry
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)
        if self._topic and self._limit:
            publish(self._topic, path)

    @contextmanager
    def _turn(self, path: str) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(path, _Turn())
            turn.waiting += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._turns[path]


class _Turn:
    """Whose turn it is to make the value of a path."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.waiting = 0


def compile_source(source: bytes, path: str) -> CodeType:
    """The code of a file in Python or PTL. Raises `SyntaxError` and `ValueError`."""
    if path.endswith(ptl.EXTENSION):
        return ptl.compile_ptl(source, path)
    code: CodeType = compile(source, path, "exec", dont_inherit=True)
    return code


def _compile_file(path: str) -> Built[CodeType]:
    with open_source(path) as stream:
        stamp = stamp_of(os.fstat(stream.fileno()))
        source = stream.read()
    return compile_source(source, path), {path: stamp}


class CodeCache(FileCache[CodeType]):
    """Compiled files of Python and PTL."""

    def __init__(self, limit: int = USUAL_LIMIT) -> None:
        super().__init__(_compile_file, limit)
