"""Asks who is there."""

import hmac

from mod_python import apache

_PASSWORDS = {"spam": "eggs"}


def authenhandler(req):
    # The user is known after the password only.
    password = req.get_basic_auth_pw() or ""
    known = _PASSWORDS.get(req.user or "", "")
    if known and hmac.compare_digest(known.encode(), password.encode()):
        return apache.OK
    return apache.HTTP_UNAUTHORIZED
