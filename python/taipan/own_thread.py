"""Threads of ours that run applications."""

from __future__ import annotations

import threading


class OwnThread(threading.Thread):
    """Not a daemon: threads that an application starts from it would be daemons, too.

    The end of a worker does not wait for it.
    """
