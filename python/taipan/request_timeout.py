"""What is raised in the thread of a request that takes too long."""

from __future__ import annotations


class RequestTimeout(BaseException):
    """The request has taken longer than `timeouts.request`, and its client has got 504.

    Raised in the thread of that request alone. No subclass of `Exception`, so that code which
    catches those does not keep the request alive.
    """
