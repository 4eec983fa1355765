"""Applications that say themselves that they are not to be called by several threads."""

from __future__ import annotations

from typing import Any

from taipan.loader.importable import find_class

_NOTE = (
    "Quixote's publisher is not thread-safe, so each process serves one request at a time;"
    " -p says how many processes there are"
)


def explain_one_at_a_time(application: Any) -> str:
    """Why it is called by one thread at a time; empty for an application that may have several.

    Quixote answers 500 where `wsgi.multithread` is true, unless `is_thread_safe` says otherwise.
    """
    kind = find_class("quixote.wsgi", "QWIP")
    if kind is None or not isinstance(application, kind):
        return ""
    publisher = getattr(application, "publisher", None)
    return "" if getattr(publisher, "is_thread_safe", False) else _NOTE
