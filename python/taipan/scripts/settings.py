"""Settings of a folder of scripts."""

from __future__ import annotations

from typing import NamedTuple

from taipan.events import Reporter


class ScriptSettings(NamedTuple):
    """The same for all requests of a folder."""

    #: Absolute path of the folder.
    root: str
    reporter: Reporter
    #: SERVER_SOFTWARE.
    software: str
    #: The process serves one request at a time.
    alone: bool
    #: Nothing else is served by the threads of the process.
    exclusive: bool
