"""The files that the modules of a folder come from."""

from __future__ import annotations

from taipan.arrivals import latest_arrival
from taipan.loader.code_cache import Stamp, file_stamp
from taipan.native import allocate_lock


class LoadedFiles:
    """One for all routes that have the folder."""

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp] = {}
        self.lock = allocate_lock()
        #: Times that all modules were forgotten.
        self.turn = 0
        #: Requests with numbers up to this one came before a look that found all files unchanged.
        self._looked = 0

    def note(self, path: str) -> None:
        """Remembers the version of a file that is imported."""
        stamp = _stamp(path)
        if stamp is not None:
            self._stamps[path] = stamp

    def have_changed(self, arrival: int | None) -> bool:
        """Whether a file differs from what was imported.

        `arrival` is the number of the request that asks, which may share a look; None: look.
        """
        if not self._stamps or (arrival is not None and arrival <= self._looked):
            return False
        latest = latest_arrival()
        # Threads import meanwhile.
        for path, stamp in list(self._stamps.items()):
            if _stamp(path) != stamp:
                return True
        self._looked = latest
        return False

    def forget(self) -> None:
        """Begins anew; with `lock` held."""
        self._stamps.clear()
        self.turn += 1


def _stamp(path: str) -> Stamp | None:
    try:
        return file_stamp(path)
    except OSError:
        return None
