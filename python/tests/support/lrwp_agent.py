"""An agent as the servers of LRWP have it, and peers as processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parents[2]
#: Seconds that something may take that should happen at once.
DEADLINE = 20


class Agent:
    """Listens for peers."""

    def __init__(self, address=("127.0.0.1", 0), family=socket.AF_INET):
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)
        self.listener.listen(16)
        self.listener.settimeout(DEADLINE)
        self.seats = []

    @property
    def place(self):
        name = self.listener.getsockname()
        return f"unix:{name}" if isinstance(name, str) else f"tcp://127.0.0.1:{name[1]}"

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def accept(self):
        """The next connection, before its registration."""
        connection, _ = self.listener.accept()
        connection.settimeout(DEADLINE)
        self.seats.append(Seat(connection))
        return self.seats[-1]

    def seat(self, registration=b"calc\xff\xff"):
        """The next peer, registered."""
        seat = self.accept()
        assert seat.read(len(registration)) == registration
        seat.send(b"OK")
        return seat

    def close(self):
        for seat in self.seats:
            seat.close()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


class Seat:
    """The agent's end of a connection with a peer."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, data):
        self.connection.sendall(data)

    def read(self, size):
        data = b""
        while len(data) < size and (piece := self.connection.recv(size - len(data))):
            data += piece
        return data

    def read_end(self):
        """What comes before the peer closes the connection."""
        data = b""
        while piece := self.connection.recv(65536):
            data += piece
        return data

    def ask(self, body=b"", **variables):
        self.send(format_request(body, **variables))
        return self.answer()

    def answer(self):
        """Head and body of a response."""
        output = self.read(int(self.read(9)))
        head, body = re.split(rb"\r?\n\r?\n", output, maxsplit=1)
        return head.decode("latin-1"), body

    def close(self):
        self.connection.close()


def format_request(body=b"", **variables):
    given = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/calc", "PATH_INFO": "/", **variables}
    if body:
        given["CONTENT_LENGTH"] = str(len(body))
    pairs = b"".join(f"{name}={value}\0".encode("latin-1") for name, value in given.items())
    return b"%09d%b\0%09d%b" % (len(pairs) + 1, pairs, len(body), body)


class PeerProcess:
    """A program, such as `python -m taipan.lrwp ...`."""

    def __init__(self, *words, cwd, **environment):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(FOLDER), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )

    @property
    def errors(self):
        """What it has written to standard error."""
        return os.pread(self.log.fileno(), 1_000_000, 0).decode("utf-8")

    def wait_for(self, text):
        """Waits until it has written this to standard error."""
        end = time.monotonic() + DEADLINE
        while text not in self.errors:
            assert time.monotonic() < end, f"no {text!r} in {self.errors!r}"
            time.sleep(0.01)

    def end(self):
        """Exit code and errors."""
        self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, self.errors

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.end()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.log.close()


def start_peers(folder, place, *words, target="app.py"):
    """`python -m taipan.lrwp` as it is started by hand."""
    program = ("-m", "taipan.lrwp", target, "--name", "calc", "--connect", place)
    return PeerProcess(*program, *words, cwd=folder)
