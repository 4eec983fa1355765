"""The variables of a request, as programs and modules of Apache see them."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import Any

from taipan.scripts.mod_python.response import Response
from taipan.scripts.mod_python.tables import Table
from taipan.scripts.request.variables import cgi_variables

#: Those that only programs get.
_OF_CGI = (
    "GATEWAY_INTERFACE",
    "SERVER_PROTOCOL",
    "REQUEST_METHOD",
    "QUERY_STRING",
    "REQUEST_URI",
    "SCRIPT_NAME",
    "PATH_INFO",
)
#: Neither those nor these come without programs.
_UNCOMMON = frozenset((*_OF_CGI, "PATH_TRANSLATED", "REMOTE_HOST"))
SERVER_ADMIN = "[no address given]"


class RequestVariables(Response):
    """The members of a request that give variables."""

    @cached_property
    def subprocess_env(self) -> Table:
        """Empty, until variables are added."""
        return Table()

    def add_common_vars(self) -> None:
        """Adds HTTP_*, SERVER_*, REMOTE_ADDR, and others that do not make a program of CGI.

        The credentials of the client are left out.
        """
        common = {name: value for name, value in self._variables().items() if name not in _UNCOMMON}
        self.subprocess_env.update(common)

    def add_cgi_vars(self) -> None:
        """Adds the variables of CGI besides, without PATH_TRANSLATED."""
        self.add_common_vars()
        variables = self._variables()
        self.subprocess_env.update({name: variables[name] for name in _OF_CGI if name in variables})

    def build_wsgi_env(self, base_uri: str | None = None) -> dict[str, Any] | None:
        """The environ for a WSGI application; None if the request is not below `base_uri`."""
        self.add_cgi_vars()
        environ: dict[str, Any] = dict(self.subprocess_env.items())
        base = (base_uri or "").rstrip("/")
        if not f"{self.uri}/".startswith(f"{base}/"):
            return None
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = base, self.uri[len(base) :]
        if "HTTP_AUTHORIZATION" in self._environ:
            environ["HTTP_AUTHORIZATION"] = self._environ["HTTP_AUTHORIZATION"]
        settings = self._request.settings
        environ.update(
            {
                "wsgi.input": self.body,
                "wsgi.errors": sys.stderr,
                "wsgi.version": (1, 0),
                "wsgi.multithread": not settings.alone,
                "wsgi.multiprocess": True,
                "wsgi.run_once": settings.fresh,
                "wsgi.url_scheme": self._environ["wsgi.url_scheme"],
            }
        )
        return environ

    def _variables(self) -> dict[str, str]:
        found = cgi_variables(self._environ).items()
        variables = {name.decode("latin-1"): value.decode("latin-1") for name, value in found}
        if not variables.get("PATH_INFO"):
            variables.pop("PATH_INFO", None)
        for name, value in (("REMOTE_USER", self.user), ("AUTH_TYPE", self.ap_auth_type)):
            if value is not None:
                variables[name] = value
        variables["PATH"] = os.environ.get("PATH", "")
        variables["SERVER_ADMIN"] = SERVER_ADMIN
        variables["SERVER_SIGNATURE"] = variables["CONTEXT_PREFIX"] = ""
        variables["CONTEXT_DOCUMENT_ROOT"] = variables["DOCUMENT_ROOT"]
        return variables
