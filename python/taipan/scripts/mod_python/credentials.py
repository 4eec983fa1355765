"""Who makes a request."""

from __future__ import annotations

from functools import cached_property

from taipan.scripts.mod_python.constants import SATISFY_NOSPEC
from taipan.scripts.mod_python.request_body import RequestBody
from taipan.scripts.request.credentials import parse_basic


class RequestCredentials(RequestBody):
    """The members of a request that tell of its user."""

    @cached_property
    def user(self) -> str | None:
        """Whom the server or an authen handler has let in."""
        return self._environ.get("REMOTE_USER")

    @cached_property
    def ap_auth_type(self) -> str | None:
        """How it has."""
        return self._environ.get("AUTH_TYPE")

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
