"""The pools of a route."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

from taipan.pools.errors import PoolError
from taipan.pools.pool import Pool

#: By name and source: routes that have the same one share it.
_pools: dict[tuple[str, str], Pool] = {}
_lock = threading.Lock()


def default_pool(pools: Mapping[str, str]) -> str | None:
    """The name of the first pool; None without any."""
    return next(iter(pools), None)


def find_pool(pools: Mapping[str, str], name: str | None = None) -> Pool:
    """The pool of this name, the first one without. Raises `PoolError` if there is none."""
    known = default_pool(pools) if name is None else name
    if known is None:
        raise PoolError(
            "the route has no pools; give it some by its option pools, as in"
            " { main: 'sqlite:data.db' }"
        )
    if known not in pools:
        raise PoolError(
            f"pool {known}: the route has no such pool; it has: {', '.join(pools) or 'none'}"
        )
    key = known, pools[known]
    with _lock:
        found = _pools.get(key)
        if found is None:
            found = _pools[key] = Pool(*key)
        return found


def _forget_parent() -> None:
    global _lock
    # Another thread of the parent may have held it.
    _lock = threading.Lock()
    for pool in _pools.values():
        pool.forget_parent()


os.register_at_fork(after_in_child=_forget_parent)
