"""Runs Cheetah templates as pages."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from taipan.scripts.cheetah.search_list import NAMES, known_names, read_fields
from taipan.scripts.cheetah.templates import Templates, own_names
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.webware.pages import WebwarePages
from taipan.scripts.webware.servlets import Servlet
from taipan.scripts.webware.transaction import Transaction

_DEPTH_LIMIT = 50


class CheetahPages:
    """The templates of a folder."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._templates = Templates(settings, folder)
        self._webware = WebwarePages(settings, folder)

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What runs the template of a request. Raises what `Templates.load` raises."""
        return partial(self._run, self._templates.load(request.path, version), request)

    def _run(self, template: type, request: ScriptRequest) -> None:
        self._webware.answer(request, partial(self._write, template, request))

    def _write(self, template: type, request: ScriptRequest, trans: Transaction) -> None:
        fields = read_fields(request, trans)
        made = make_hosted(template)()
        made.taipan = host = Host(self._templates, request.path, fields)
        known = known_names(request, trans, fields)
        for name in NAMES:
            # A class of Cheetah has None for some, which would go first.
            if getattr(made, name, None) is None:
                setattr(made, name, known[name])
        made.searchList().extend([known, host.show_fields(template)])
        if isinstance(made, Servlet):
            trans.run(made)
        else:
            trans.response().write(str(made))


class Host:
    """What a template asks when it runs."""

    def __init__(
        self,
        templates: Templates,
        path: str,
        fields: dict[str, Any],
        outer: Host | None = None,
    ) -> None:
        self.templates = templates
        self.path = path
        self._fields = fields
        #: Those that the template finds.
        self.shown_fields: dict[str, Any] = fields
        self._depth: int = 0 if outer is None else outer._depth + 1
        #: Folders that files are looked for in; Cheetah knows that of the page only.
        self._folders: list[str] = [os.path.dirname(path)]
        if outer is not None:
            self._folders.append(outer._folders[-1])

    def resolve(self, path: str) -> str:
        """The absolute path of a file that the template names."""
        path = path.replace("\\", "/")
        places = [os.path.normpath(os.path.join(folder, path)) for folder in self._folders]
        return next((place for place in places if os.path.isfile(place)), places[0])

    def enter(self, path: str) -> Host:
        """For a template that is included."""
        if self._depth >= _DEPTH_LIMIT:
            raise RecursionError(f"{self.path} is included more than {_DEPTH_LIMIT} deep")
        return Host(self.templates, path, self._fields, self)

    def show_fields(self, template: type) -> dict[str, Any]:
        """The fields of the form without those that would hide names of the template's module.

        They come last of all that is searched, but Cheetah searches modules after that.
        """
        own, fields = own_names(template), self._fields
        if not own.isdisjoint(fields):
            fields = {name: value for name, value in fields.items() if name not in own}
        self.shown_fields = fields
        return fields


def make_hosted(template: type) -> type[Any]:
    """A class of the template whose instances find files beside it."""
    found: type[Any] | None = template.__dict__.get("taipan_hosted")
    if found is None:
        found = type(template.__name__, (_Hosted, template), {"taipan_regions": {}})
        template.taipan_hosted = found  # type: ignore[attr-defined]  # a cache on the class
    return found


class _Hosted:
    """Methods of Cheetah that look for files."""

    taipan: Host
    #: What `#cache` keeps, also for later requests.
    taipan_regions: dict[str, Any]
    _CHEETAH__cheetahIncludes: dict[Any, Any]

    def __init__(self) -> None:
        super().__init__()
        self._CHEETAH__cacheRegions = self.taipan_regions
        # So `webInput` asks the request.
        self._CHEETAH__isControlledByWebKit = True

    def serverSidePath(self, path: str | None = None) -> str:
        """A file beside the template, or its own."""
        return self.taipan.resolve(path) if path else self.taipan.path

    def getFileContents(self, path: str) -> str:
        """The text of a file."""
        with open(path, encoding="utf-8") as stream:
            return stream.read()

    def _handleCheetahInclude(
        self,
        srcArg: Any,
        trans: Any = None,
        includeFrom: str = "file",
        raw: bool = False,
    ) -> None:
        made: Any = self
        if raw:
            is_file = includeFrom == "file"
            text = made.getFileContents(made.serverSidePath(srcArg)) if is_file else srcArg
            trans.response().write(text)
            return
        included = made._CHEETAH__cheetahIncludes
        if srcArg not in included:
            included[srcArg] = self._include(srcArg, includeFrom == "file")
        included[srcArg].respond(trans)

    def _include(self, source: Any, is_file: bool) -> Any:
        made: Any = self
        host = self.taipan
        if is_file and isinstance(source, str):
            path = made.serverSidePath(source)
            template = host.templates.load(path)
        else:
            path = host.path
            text = source.read() if is_file else source
            template = host.templates.load_text(str(text), path)
        inner = make_hosted(template)()
        inner.taipan = host.enter(path)
        # As Cheetah does it, but for the fields.
        inner._CHEETAH__globalSetVars = made._CHEETAH__globalSetVars
        outer = [one for one in made.searchList() if one is not host.shown_fields]
        inner._CHEETAH__searchList = [*outer, inner, inner.taipan.show_fields(template)]
        inner._CHEETAH__initialFilter = made._CHEETAH__initialFilter
        inner._CHEETAH__currentFilter = made._CHEETAH__initialFilter
        return inner
