"""The request that the caller's script serves."""

from __future__ import annotations

import io
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TextIO, cast

from taipan.events import Environ
from taipan.scripts.output import ScriptOutput, TextOutput


class ScriptRequest:
    """What belongs to one request, and lasts no longer."""

    def __init__(self, environ: Environ, output: ScriptOutput) -> None:
        self.environ = environ
        self.output = output
        #: The text that becomes the response.
        self.text = TextOutput(output)
        #: What `sys.stdout` is; a script may replace it.
        self.stdout: Any = self.text

    def restore(self, name: str) -> None:
        """Undoes the replacement of `stdout` or `stdin` by the script."""
        if name == "stdout":
            self.stdout = self.text

    def drop(self) -> None:
        """Forgets output that has not been sent."""
        self.text.drop()
        self.output.drop()

    @cached_property
    def stdin(self) -> TextIO:
        """What `sys.stdin` reads: the body of the request."""
        body = self.environ["wsgi.input"]
        readable = body if isinstance(body, io.BufferedIOBase) else io.BufferedReader(body)
        return cast(TextIO, io.TextIOWrapper(readable, "utf-8", "surrogateescape", newline=""))


#: Threads started by a script inherit it.
CURRENT: ContextVar[ScriptRequest | None] = ContextVar("taipan_script", default=None)
