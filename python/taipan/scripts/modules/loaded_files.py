"""The files that the modules of a folder come from."""

from __future__ import annotations

from taipan.loader.code_cache import Stamp, file_stamp, stamp_of
from taipan.looks import look
from taipan.native import allocate_lock


class LoadedFiles:
    """One for all routes that have the folder."""

    def __init__(self) -> None:
        #: Versions of the files, by their paths.
        self.stamps: dict[str, Stamp] = {}
        self.lock = allocate_lock()
        #: Times that all modules were forgotten.
        self.turn = 0

    def note(self, path: str) -> None:
        """Remembers the version of a file that is imported."""
        stamp = _stamp(path)
        if stamp is not None:
            self.stamps[path] = stamp

    def have_changed(self) -> bool:
        """Whether a file differs from what was imported."""
        # Threads import meanwhile.
        for path, stamp in list(self.stamps.items()):
            found = look(path)
            if found is None or stamp_of(found) != stamp:
                return True
        return False

    def forget(self) -> None:
        """Begins anew; with `lock` held."""
        self.stamps.clear()
        self.turn += 1


def _stamp(path: str) -> Stamp | None:
    try:
        return file_stamp(path)
    except OSError:
        return None
