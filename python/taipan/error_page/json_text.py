"""Formats the report about an exception as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from taipan.error_page.report import ErrorReport, Problem
from taipan.error_page.trace import Frame


def format_json(report: ErrorReport, status: str) -> str:
    """An object with the status, the exception with its calls, and the traceback as text."""
    last, *others = report.problems
    described = {
        "status": status,
        "exception": _describe(last),
        "related": [{"lead": one.lead, **_describe(one)} for one in others],
        "traceback": report.text.splitlines(),
    }
    return json.dumps(described, ensure_ascii=False, indent=2) + "\n"


def _describe(problem: Problem) -> dict[str, Any]:
    return {
        "type": problem.kind,
        "message": problem.message,
        "notes": list(problem.notes),
        "calls": list(_describe_calls(problem)),
    }


def _describe_calls(problem: Problem) -> Iterator[dict[str, Any]]:
    """Most recent call last, as in the traceback."""
    for frame in problem.trace:
        if isinstance(frame, Frame):
            yield {"file": frame.path, "line": frame.line, "function": frame.function}
