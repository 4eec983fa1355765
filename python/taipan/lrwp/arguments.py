"""The command line of `python -m taipan.lrwp`."""

from __future__ import annotations

import argparse
import re
from typing import Callable, Final, NamedTuple, TypeVar

from taipan.lrwp.address import Address, parse_address
from taipan.lrwp.registration import Registration, validate_registration

T = TypeVar("T")

_MOST_PEERS: Final = 1000
_MOST_PASSWORD: Final = 4096

_DESCRIPTION: Final = """\
Registers a WSGI application with a server that speaks LRWP, such as Taipan, and answers
its requests. The application needs no open port: it dials in to the server, which sends
what is asked for below the path NAME to whichever peer of that name is idle.
"""
_EPILOG: Final = """\
TARGET is what `taipan serve` takes for a WSGI application: pkg.mod:attr, 'pkg.mod:factory()',
path/app.py, path/app.py:attr, or a folder with a Django project or an app.py.

Python finds this program in the folder that Taipan prints:
  export PYTHONPATH="$(taipan path python)"

Examples:
  taipan serve --lrwp 127.0.0.1:1081            the server; it has what follows at /shop
  python -m taipan.lrwp shop.wsgi:application --name shop
  python -m taipan.lrwp app.py --name calc --peers 4 --connect tcp://10.0.0.1:1081
  python -m taipan.lrwp app.py --name calc --password-file calc.password

A peer answers one request at a time, in a thread of its own. For several processors start the
program several times: all peers of a name share the work, wherever they run. When the server
goes away, peers come back to it by themselves. SIGTERM and Ctrl-C let requests finish first, a
second one ends the program at once.

Exit codes: 0 stopped, 1 stopped with requests unanswered, 2 wrong options, 3 the application
cannot be loaded, 4 the server refuses the registration, 5 the server cannot be reached.
"""


class Options(NamedTuple):
    """A parsed command line."""

    target: str
    address: Address
    registration: Registration
    peers: int
    app_dir: str
    #: Seconds.
    wait: float
    grace: float


def parse_arguments(words: list[str]) -> Options:
    """Prints help or what is wrong, and exits with 0 or 2, where there is nothing to run."""
    parser = _make_parser()
    given = parser.parse_args(words)
    try:
        password = b"" if given.password_file is None else read_password(given.password_file)
        registration = Registration(given.name, given.host, password)
        validate_registration(registration)
    except ValueError as error:
        parser.error(str(error))
    return Options(
        given.target,
        given.connect,
        registration,
        given.peers,
        given.app_dir,
        given.wait,
        given.grace,
    )


def read_password(path: str) -> bytes:
    """The first line of a file. Raises `ValueError`."""
    try:
        with open(path, "rb") as file:
            password = file.readline(_MOST_PASSWORD).rstrip(b"\r\n")
    except OSError as error:
        raise ValueError(f"--password-file {path}: {error.strerror}") from None
    if not password:
        raise ValueError(f"--password-file {path}: the first line is empty")
    return password


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m taipan.lrwp",
        usage="%(prog)s TARGET --name NAME [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("target", metavar="TARGET", help="the application, such as pkg.mod:app or app.py")
    add("--name", required=True, help="path below which it answers, or the end of paths: .calc")
    add(
        "--connect",
        metavar="ADDRESS",
        type=_checked(parse_address),
        default="tcp://127.0.0.1:1081",
        help="where the server waits for peers: tcp://HOST:PORT or unix:PATH [%(default)s]",
    )
    add(
        "--peers",
        metavar="N",
        type=_checked(_parse_count),
        default=1,
        help="requests that are answered at the same time, each by a thread [%(default)s]",
    )
    add("--host", default="", help="answer for this virtual host alone [any]")
    add(
        "--password-file",
        metavar="FILE",
        help="its first line is the passphrase that the server asks for (LRWP 2.0)",
    )
    add("--app-dir", metavar="DIR", default="", help="folder to import from [where you are]")
    add(
        "--wait",
        metavar="SECONDS",
        type=_checked(_parse_seconds),
        default=5.0,
        help="how long the server may take to be there at the start [%(default)g]",
    )
    add(
        "--grace",
        metavar="SECONDS",
        type=_checked(_parse_seconds),
        default=30.0,
        help="how long requests may take to finish at the stop [%(default)g]",
    )
    return parser


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Lets argparse show what the error says."""

    def check(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return check


def _parse_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_PEERS:
        raise ValueError(f"expected a number from 1 to {_MOST_PEERS}, found {text!r}")
    return int(text)


def _parse_seconds(text: str) -> float:
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,3})?", text) is None:
        raise ValueError(f"expected seconds, such as 10 or 0.5, found {text!r}")
    return float(text)
