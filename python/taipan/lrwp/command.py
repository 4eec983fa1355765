"""Runs a command line from its arguments to an exit code."""

from __future__ import annotations

import os
import signal
from typing import Final

from taipan.events import Reporter
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.lrwp.arguments import Options, parse_arguments
from taipan.lrwp.errors import AgentError, Refused
from taipan.lrwp.peer import PeerSettings
from taipan.lrwp.program import Program
from taipan.lrwp.reporter import LineReporter
from taipan.lrwp.stop import Stop
from taipan.lrwp.wsgi import WsgiAnswerer, load_answerer

_STOPPED: Final = 0
_CUT_OFF: Final = 1
_NOT_LOADED: Final = 3
_REFUSED: Final = 4
_UNREACHABLE: Final = 5


def main(words: list[str]) -> int:
    """Serves until a signal. Returns the exit code; exits with 2 itself."""
    options = parse_arguments(words)
    # Until requests can be interrupted there is nothing to clean up.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    reporter = LineReporter()
    answerer = _load(options, reporter)
    return _NOT_LOADED if answerer is None else _serve(options, answerer, reporter)


def _load(options: Options, reporter: Reporter) -> WsgiAnswerer | None:
    directory = os.path.abspath(options.app_dir)
    try:
        answerer = load_answerer(options.target, directory, reporter, multithread=options.peers > 1)
    except BaseException as error:
        reporter.report("error", explain_load_error(error), format_load_error(error) or None)
        return None
    for note in answerer.notes:
        reporter.report("warning", note)
    reporter.report("info", f"loaded {answerer.description}")
    return answerer


def _serve(options: Options, answerer: WsgiAnswerer, reporter: Reporter) -> int:
    stop = Stop()
    settings = PeerSettings(
        options.address, options.registration, answerer, reporter, stop, options.wait
    )
    try:
        cut = Program(settings, options.peers).run(options.grace)
    except Refused as error:
        reporter.report("error", _explain_refusal(options, error))
        return _REFUSED
    except AgentError as error:
        reporter.report(
            "error",
            f"{options.address}: {error}, for {options.wait:g} seconds (--wait); --connect names"
            " where the server waits for peers",
        )
        return _UNREACHABLE
    if cut:
        requests = "a request was" if cut == 1 else f"{cut} requests were"
        reporter.report("error", f"{requests} not answered in {options.grace:g} seconds (--grace)")
    return _CUT_OFF if cut else _STOPPED


def _explain_refusal(options: Options, error: Refused) -> str:
    name = options.registration.name
    text = f"{options.address} refuses the registration of {name!r}: {error}"
    asks = "authentication" in str(error).lower() and not options.registration.password
    return f"{text}; --password-file names the file of its passphrase" if asks else text
