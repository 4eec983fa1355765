"""Who makes a request."""

from __future__ import annotations

from taipan.scripts.mod_python.constants import SATISFY_NOSPEC
from taipan.scripts.mod_python.request_body import RequestBody
from taipan.scripts.request.credentials import parse_basic
from taipan.scripts.request.current import ScriptRequest


class RequestCredentials(RequestBody):
    """The members of a request that tell of its user."""

    def __init__(self, request: ScriptRequest) -> None:
        super().__init__(request)
        #: Whom the server or an authen handler has let in.
        self.user: str | None = self._environ.get("REMOTE_USER")
        #: How.
        self.ap_auth_type: str | None = self._environ.get("AUTH_TYPE")

    def get_basic_auth_pw(self) -> str | None:
        """The password that the client gives, unchecked; sets `user` to the name beside it."""
        user, password = parse_basic(self._environ.get("HTTP_AUTHORIZATION", ""))
        if password is None:
            return None
        self.user, self.ap_auth_type = user, "Basic"
        return password

    def satisfies(self) -> int:
        """`SATISFY_NOSPEC`: an access handler and a user are both wanted."""
        return SATISFY_NOSPEC
