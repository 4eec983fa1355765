"""Files that a page includes, all of them in the folder of the route."""

from __future__ import annotations

import os
from typing import NamedTuple

from taipan.asp.directives import find_code_page_of
from taipan.folders import is_below, leads_below
from taipan.loader.code_cache import Stamp
from taipan.psp.page_files import PageFile, PageFiles


class Site(NamedTuple):
    """The folder of a route."""

    #: Absolute path.
    root: str
    #: Path in URLs, encoded.
    mount: str = "/"

    def resolve(self, url: str, folder: str) -> str:
        """The file of a URL, which begins at the root, or at `folder` without a slash.

        Below the path of the route its own paths are known with that path and without.
        Raises `ValueError` if it leaves the root.
        """
        path = url.replace("\\", "/")
        if "\0" in path or path[1:2] == ":":
            raise ValueError(f"{url!r} is no path of this site")
        mount = self.mount.rstrip("/")
        if f"{path}/".startswith(f"{mount}/"):
            path = path[len(mount) :] or "/"
        start = self.root if path.startswith("/") else folder
        found = os.path.normpath(os.path.join(start, path.lstrip("/")))
        if not is_below(found, self.root):
            raise ValueError(f"{url!r} leaves the folder of the site, {self.root}")
        return found


class AspFiles(PageFiles):
    """The page and all that it includes; all are in the code page of the page."""

    def __init__(self, path: str, site: Site) -> None:
        super().__init__(path)
        self._site = site

    def add(self, path: str, content: bytes, stamp: Stamp | None = None) -> PageFile:
        """Decodes a file; the first one says how. Raises `PageSyntaxError`."""
        if not self._files:
            self._encoding = find_code_page_of(content).codec
        return super().add(path, content, stamp)

    def include_url(self, url: str, by: PageFile, offset: int) -> PageFile:
        """The file of a path, relative to the file that names it. Raises `PageSyntaxError`."""
        try:
            path = self._site.resolve(url, os.path.dirname(by.path))
        except ValueError as error:
            raise by.error(f"cannot include {error}", offset) from None
        # Links may lead elsewhere.
        if not leads_below(path, self._site.root):
            raise by.error(f"cannot include {url!r}: a link leads out of the site", offset)
        return self.include(path, by, offset)
