"""Answers the questions that Node asks a script about a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from taipan.events import Environ
from taipan.guards.errors import GuardError
from taipan.guards.guard_file import GuardFile
from taipan.guards.verdicts import (
    read_access,
    read_choice,
    read_groups,
    read_password_verdict,
    read_secret,
)

Question = Mapping[str, Any]


#: What a script may choose: keys for Node, and its functions.
_CHOICES = {
    "processGroup": "process_group",
    "applicationGroup": "application_group",
    "callableObject": "callable_object",
}


class GuardApplication:
    """Called as a WSGI application: the body is the question, the response is the answer.

    Whatever a script raises is an error of the request, which Node then refuses.
    """

    def __init__(self, file: GuardFile) -> None:
        self._file = file
        self._answers: Mapping[str, Callable[[Environ, Question], dict[str, Any]]] = {
            "access": self._judge_access,
            "password": self._check_password,
            "secret": self._find_secret,
            "dispatch": self._choose,
        }

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one question."""
        question = json.loads(environ["wsgi.input"].read())
        try:
            answer = self._answers[question["asks"]](_describe(environ, question), question)
        except SystemExit as end:
            raise GuardError(f"{self._file.path} ended with {end!r}") from end
        body = json.dumps(answer).encode("ascii")
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        )
        return [body]

    def _judge_access(self, environ: Environ, _question: Question) -> dict[str, Any]:
        allow = self._file.find("allow_access")
        return {"allowed": read_access(allow(environ, environ.get("REMOTE_ADDR", "")))}

    def _choose(self, environ: Environ, _question: Question) -> dict[str, Any]:
        choice: dict[str, str | None] = {}
        for key, name in _CHOICES.items():
            choose = self._file.look_up(name)
            choice[key] = None if choose is None else read_choice(name, choose(environ))
        return choice

    def _check_password(self, environ: Environ, question: Question) -> dict[str, Any]:
        user = question["user"]
        check = self._file.find("check_password")
        known = read_password_verdict(check(environ, user, question["password"]), user)
        return {"user": known, "groups": self._list_groups(environ, question, known)}

    def _find_secret(self, environ: Environ, question: Question) -> dict[str, Any]:
        user, algorithm = question["user"], question["algorithm"]
        environ["taipan.digest_algorithm"] = algorithm
        find = self._file.find("get_realm_hash")
        secret = read_secret(find(environ, user, question["realm"]), algorithm)
        known = None if secret is None else user
        groups = self._list_groups(environ, question, known)
        return {"user": known, "groups": groups, "secret": secret}

    def _list_groups(self, environ: Environ, question: Question, user: str | None) -> list[str]:
        if user is None or not question["groups"]:
            return []
        return read_groups(self._file.find("groups_for_user")(environ, user))


def _describe(environ: Environ, question: Question) -> Environ:
    """The request that the question is about: what CGI tells of it, without its body."""
    described = {key: value for key, value in environ.items() if key.isupper()}
    for key in ("wsgi.errors", "wsgi.url_scheme", "taipan.request_id"):
        described[key] = environ[key]
    # The question itself is a POST, whatever it is about, so that its answer has a body.
    described["REQUEST_METHOD"] = question["method"]
    return described
