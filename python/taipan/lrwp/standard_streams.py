"""Standard streams and environment of the process, while they are those of a request."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, TextIO, cast

from taipan.lrwp.page_output import PageOutput


class StandardStreams:
    """Replaces them until `restore`. Standard error stays the log."""

    def __init__(self, variables: Mapping[str, str], inp: BinaryIO, out: PageOutput) -> None:
        self._saved = sys.stdin, sys.stdout
        self._environ: Any = os.environ
        self._stdin = io.TextIOWrapper(inp, out.encoding, out.errors)
        sys.stdin = self._stdin
        sys.stdout = cast(TextIO, out)
        environ: Any = {**os.environ, **variables}
        # A field of the client, by which it would choose the proxy of programs and libraries.
        environ.pop("HTTP_PROXY", None)
        os.environ = environ  # noqa: B003

    def restore(self) -> None:
        """Puts back what was there before."""
        sys.stdin, sys.stdout = self._saved
        os.environ = self._environ  # noqa: B003
        # It would close the body, which others may still read.
        self._stdin.detach()
