"""Charsets that a client may choose."""

from __future__ import annotations

from encodings.aliases import aliases
from typing import Final

#: Those of browsers. Python has codecs besides that are no charsets, or slow for hostile input.
_CODECS: Final = frozenset(
    (
        *("utf_8", "ascii", "latin_1"),
        *(f"iso8859_{part}" for part in range(2, 17) if part != 12),
        *(f"cp{page}" for page in (866, 874, 932, 949, *range(1250, 1259))),
        *("koi8_r", "koi8_u", "mac_roman", "mac_cyrillic"),
        *("gb2312", "gbk", "gb18030", "big5", "big5hkscs"),
        *("euc_jp", "shift_jis", "iso2022_jp", "euc_kr"),
    )
)
#: Its value is the charset of a form (RFC 7578, 4.6).
CHARSET_FIELD: Final = "_charset_"


def resolve_charset(name: str) -> str | None:
    """The codec of a charset; None for an unknown one."""
    # Not `codecs.lookup`, which keeps every name that it was ever asked for.
    normal = name.strip().lower().replace("-", "_")
    codec = aliases.get(normal, normal)
    return codec if codec in _CODECS else None
