"""Constants of the C interface of AOLserver."""

from __future__ import annotations

OK = 0
ERROR = -1
TIMEOUT = -2
UNAUTHORIZED = -3
FORBIDDEN = -4
FILTER_BREAK = -5
FILTER_RETURN = -6

TRUE = 1
FALSE = 0

DML = 1
ROWS = 2
END_DATA = 4
NO_DATA = 8

FILTER_PRE_AUTH = 1
FILTER_POST_AUTH = 2
FILTER_TRACE = 4

# The severities of `Log`.
Notice, Warning, Error, Fatal, Bug, Debug = range(6)
