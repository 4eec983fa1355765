"""Who may come in: the users of users.json.

`python auth.py NAME [GROUP...]` asks for a password and prints the entry for a user.
"""

import getpass
import hashlib
import hmac
import json
import os
import sys

REALM = "staff"
USERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "users.json")


def check_password(environ, user, password):
    """True if the password is right, False if not, None for unknown users."""
    entry = read_users().get(user)
    if entry is None:
        return None
    return hmac.compare_digest(entry["password"], hash_password(password, entry["salt"]))


def get_realm_hash(environ, user, realm):
    """The hash that Digest authentication needs; None for unknown users."""
    entry = read_users().get(user)
    return None if entry is None else entry[environ["taipan.digest_algorithm"]]


def groups_for_user(environ, user):
    """The groups that a user is in."""
    return read_users()[user]["groups"]


def read_users():
    """The users as they are now."""
    with open(USERS, encoding="utf-8") as stream:
        return json.load(stream)


def hash_password(password, salt):
    """A slow hash, so that a stolen file does not tell the passwords."""
    secret = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
    return secret.hex()


def make_entry(user, password, groups):
    """What users.json has of a user. The two hashes of Digest are as good as the password."""
    salt = os.urandom(16).hex()
    text = f"{user}:{REALM}:{password}".encode()
    return {
        "groups": groups,
        "salt": salt,
        "password": hash_password(password, salt),
        "MD5": hashlib.md5(text).hexdigest(),
        "SHA-256": hashlib.sha256(text).hexdigest(),
    }


if __name__ == "__main__":
    name, *groups = sys.argv[1:]
    print(json.dumps({name: make_entry(name, getpass.getpass(), groups)}, indent=2))
