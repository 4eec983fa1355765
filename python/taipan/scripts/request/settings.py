"""Settings of a folder of scripts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from taipan.events import Reporter
from taipan.loader.code_cache import USUAL_LIMIT
from taipan.psp.page import PageOptions


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
    #: Requests run on Node's own thread, which cannot wait for clients.
    inline: bool = False
    #: Each request has a process of its own, so that this one loads nothing for them.
    fresh: bool = False
    #: Path of the folder in URLs, encoded.
    mount: str = "/"
    #: When the process began to serve it, in seconds of the epoch.
    started: float = 0
    #: Values for scripts by section and key.
    config: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    #: Data sources of pools by their names; the first one is the default.
    pools: Mapping[str, str] = MappingProxyType({})
    #: `print` writes the response, and `sys.stdin` reads the request.
    attach_stdio: bool = True
    #: `os.environ`, `sys.argv` and the working directory are those of the request.
    setup_cgi_env: bool = True
    #: Scripts and pages are compiled once for each version of their files.
    use_caching_exec: bool = True
    #: `execfile` is among the builtins.
    install_caching_exec: bool = False
    pages: PageOptions = PageOptions()
    #: How handlers are called.
    style: str = "pywx"
    #: The server of old whose handlers answer, as in `src/core/legacy-server.ts`.
    legacy: Mapping[str, Any] | None = None
    #: Clients are shown errors.
    dev: bool = False
    #: Absolute; targets of handlers start here.
    directory: str = ""
    #: How files are run, by extension.
    kinds: Mapping[str, str] = MappingProxyType({})
    #: Targets of all handlers.
    handlers: tuple[str, ...] = ()

    @property
    def cache_limit(self) -> int:
        """Compiled files that are kept."""
        return USUAL_LIMIT if self.use_caching_exec else 0
