"""The program before a worker: becomes what the group says, and then turns into the worker.

It is run by a Python that only root can change, without site packages, so that nothing of the
application has the rights of root, not even the interpreter of its virtual environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from taipan import frames
from taipan.confine.identity import become, enter_root
from taipan.confine.limits import set_limits, set_niceness
from taipan.confine.privileges import load_promise
from taipan.confine.readable import explain_unreadable
from taipan.confine.refused import Refused

_EXIT_REFUSED = 3
_CONTROL_DESCRIPTOR = 3


def main() -> NoReturn:
    """Runs the program that the last argument describes, confined as it says."""
    task = json.loads(sys.argv[-1])
    command = [str(word) for word in task["command"]]
    try:
        _confine(task)
        os.execve(command[0], command, os.environ)
    except Refused as refusal:
        _report(str(refusal), task)
    except OSError as error:
        program = f"{command[0]}{_name_root(task)}"
        _report(f"{program} cannot be run by {task['who']}: {error.strerror}", task)
    os._exit(_EXIT_REFUSED)


def _confine(task: Mapping[str, Any]) -> None:
    # While there is memory for it, and while the root is the one with the modules of this Python.
    promise = load_promise() if task.get("noNewPrivileges") else None
    set_niceness(task.get("niceness"))
    set_limits(task.get("limits") or {})
    # The lists of groups are in this root, too.
    account = task.get("account")
    groups = _list_groups(account, task.get("supplementaryGroups"))
    if task.get("chroot") is not None:
        enter_root(task["chroot"])
    if account is not None:
        become(account["uid"], account["gid"], groups)
    if task.get("umask") is not None:
        os.umask(task["umask"])
    if promise is not None:
        promise()
    for place in task.get("reads") or ():
        unreadable = explain_unreadable(place["path"], place["what"], task["who"])
        if unreadable is not None:
            raise Refused(unreadable)
    try:
        os.chdir(task["directory"])
    except OSError as error:
        raise Refused(
            f"working directory {task['directory']}{_name_root(task)} cannot be entered by"
            f" {task['who']}: {error.strerror}"
        ) from None


def _name_root(task: Mapping[str, Any]) -> str:
    """Where a path is, for messages."""
    root = task.get("chroot")
    return "" if root is None else f" below {root} (chroot)"


def _list_groups(account: Mapping[str, Any] | None, given: list[int] | None) -> list[int]:
    if account is None:
        return []
    if given is not None:
        return [account["gid"], *given]
    name = account.get("name")
    return [account["gid"]] if name is None else os.getgrouplist(name, account["gid"])


def _report(summary: str, task: Mapping[str, Any]) -> None:
    """Tells Node by the control channel, if there is one, else by standard error."""
    if not task.get("tells"):
        sys.stderr.write(f"{summary}\n")
        sys.stderr.flush()
        return
    message = {"type": "failed", "code": "PYTHON_START", "summary": summary, "applications": []}
    payload = json.dumps(message).encode("ascii")
    os.write(_CONTROL_DESCRIPTOR, frames.encode(frames.CONTROL, 0, payload, 0))
