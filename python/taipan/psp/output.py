"""Names that the code of pages uses, and how values become text."""

from __future__ import annotations

import html
from typing import Callable

#: Writes a text.
WRITE = "_psp_write"
#: Makes text of the value of an expression.
SHOW = "_psp_show"

#: Called in each turn of a loop; says in some of them that what is written may have to leave.
TURN = "_psp_turn"
#: Called then.
ROOM = "_psp_room"

Writer = Callable[[str], object]


def escape(value: object) -> str:
    """A value as HTML; markup that knows itself, by `__html__`, is taken as it is."""
    markup = getattr(value, "__html__", None)
    return str(markup()) if callable(markup) else html.escape(str(value))
