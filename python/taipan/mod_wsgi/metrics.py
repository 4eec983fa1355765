"""Counts of requests and of the process."""

from __future__ import annotations

import os
import resource
import sys
import time
from math import log2
from typing import Any

from taipan.mod_wsgi.place import PLACE
from taipan.native import allocate_lock, get_ident

#: Four for each octave from 1 ms up.
_BUCKETS = 65
_PER_OCTAVE = 4
_KIBIBYTE = 1024
_TIMES = ("server", "queue", "daemon", "application", "request")

_started = time.time()
_lock = allocate_lock()


class _Sample:
    """What happened since the last look."""

    def __init__(self) -> None:
        self.since = time.time()
        self.cpu = _read_cpu()
        self.times: list[float] = []
        self.statuses = [0] * 5
        self.threads: set[int] = set()


class _Totals:
    """Of the whole process."""

    requests = 0
    busy = 0.0
    of_thread: dict[int, int] = {}
    active: dict[str, float] = {}


_sample: _Sample | None = None


def start_recording_metrics() -> None:
    """From now on `request_metrics` and `process_metrics` tell something."""
    global _sample
    if _sample is None:
        _sample = _Sample()


def note_begin(request: str) -> None:
    """A request begins."""
    _Totals.active[request] = time.time()


def note_end(request: str, seconds: float, status: int) -> None:
    """A request has ended in this thread; `status` is 0 if it was not answered."""
    ident = get_ident()
    with _lock:
        _Totals.active.pop(request, None)
        _Totals.requests += 1
        _Totals.busy += seconds
        _Totals.of_thread[ident] = _Totals.of_thread.get(ident, 0) + 1
        sample = _sample
        if sample is not None:
            sample.times.append(seconds)
            sample.threads.add(ident)
            if 100 <= status <= 599:
                sample.statuses[status // 100 - 1] += 1


def request_metrics() -> dict[str, Any] | None:
    """What requests have cost since the last call; None before `start_recording_metrics`."""
    global _sample
    with _lock:
        sample = _sample
        if sample is None:
            return None
        _sample = _Sample()
    period = max(_sample.since - sample.since, 1e-6)
    user, system = (now - then for now, then in zip(_sample.cpu, sample.cpu))
    count = len(sample.times)
    metrics: dict[str, Any] = {
        "start_time": sample.since,
        "stop_time": _sample.since,
        "sample_period": period,
        "request_count": count,
        "request_throughput": count / period,
        "request_threads_maximum": PLACE.threads,
        "request_threads_started": len(_Totals.of_thread),
        "request_threads_active": len(sample.threads),
        "request_threads_completed": count,
        "request_busy_time": sum(sample.times),
        "capacity_utilization": sum(sample.times) / (period * PLACE.threads),
        "cpu_user_time": user,
        "cpu_system_time": system,
        "cpu_time": user + system,
        "cpu_user_utilization": user / period,
        "cpu_system_utilization": system / period,
        "cpu_utilization": (user + system) / period,
        **_read_memory(),
    }
    # What happens before Python is Node's, and stands in its own metrics.
    for name in _TIMES:
        known = sample.times if name in ("application", "request") else []
        metrics.update(_describe(f"{name}_time", known))
    for index, number in enumerate(sample.statuses):
        metrics[f"status_{index + 1}xx"] = number
    return metrics


def process_metrics() -> dict[str, Any] | None:
    """What this process has done; None before `start_recording_metrics`."""
    if _sample is None:
        return None
    now = time.time()
    user, system = _read_cpu()
    with _lock:
        threads = [
            {"thread_id": ident, "request_count": count}
            for ident, count in sorted(_Totals.of_thread.items())
        ]
        return {
            "pid": os.getpid(),
            "process_group": PLACE.process_group,
            "restart_time": _started,
            "current_time": now,
            "running_time": now - _started,
            "request_count": _Totals.requests,
            "request_busy_time": _Totals.busy,
            "request_threads": PLACE.threads,
            "active_requests": len(_Totals.active),
            "cpu_user_time": user,
            "cpu_system_time": system,
            "cpu_time": user + system,
            **_read_memory(),
            "threads": threads,
        }


def server_metrics() -> None:
    """None: there is no scoreboard of Apache."""
    return None


def _describe(name: str, times: list[float]) -> dict[str, Any]:
    buckets = [0] * _BUCKETS
    for seconds in times:
        buckets[_find_bucket(seconds)] += 1
    return {
        name: sum(times) / len(times) if times else 0.0,
        f"{name}_min": min(times, default=0.0),
        f"{name}_max": max(times, default=0.0),
        f"{name}_buckets": buckets,
    }


def _find_bucket(seconds: float) -> int:
    milliseconds = seconds * 1000
    if milliseconds <= 1:
        return 0
    return min(_BUCKETS - 1, 1 + int(log2(milliseconds) * _PER_OCTAVE))


def _read_cpu() -> tuple[float, float]:
    times = os.times()
    return times.user, times.system


def _read_memory() -> dict[str, int]:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    most_bytes = most if sys.platform == "darwin" else most * _KIBIBYTE
    return {"memory_rss": _read_rss() or most_bytes, "memory_max_rss": most_bytes}


def _read_rss() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
