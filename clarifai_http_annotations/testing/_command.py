"""The emulator as a command: what it is told, and what it prints, which a shell can read.

It listens at this machine alone unless it is told otherwise, and ends with 0 when it is interrupted.
"""

from __future__ import annotations

import errno
import math
import shlex
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from ..config import is_loopback
from ._access import checked_host, checked_origin
from ._emulator import Emulator
from ._schedule import Faults
from ._serve import serve

PORT = 8642
"""Where it listens if nobody says: always the same, so that it can be written down."""

BODY_LIMIT = 128 * 1024 * 1024
"""Bytes that a process that runs for long takes of anybody; what the API takes is not documented."""

FAULTS_SHARE = 0.3
"""How many of the requests meet a fault, if there are any."""

GRACE = 1.5
"""Seconds in which requests that have come are answered when it ends."""

SHOWN = 10
"""Concepts without value that are named at the end; more are only counted."""


def run() -> None:
    """Do what the process is for: `main`, until SIGTERM or Ctrl-C, which are no errors."""
    with suppress(KeyboardInterrupt):
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have had SIGINT ignored
            signal.signal(number, signal.default_int_handler)
        sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> str:
    """Serve an emulator until the process is interrupted; return in one line why it could not."""
    emulator = emulator_of(told := tell(arguments))
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(emulator, host=told.host, port=told.port, grace=GRACE, **allowed(told)))
        except ImportError as missing:
            return str(missing)
        except (OSError, UnicodeError) as error:
            return cannot_listen(error, told.host, told.port)
        if not is_loopback(told.host):
            _say(f"Warning: whoever reaches {told.host} can read and change all of it; this library's clients do not,")
            _say("as they send a key to this machine or over https only.")
        stack.callback(_say_missing, emulator)
        print(greeting(server.url, told), flush=True)
        while True:
            time.sleep(3600)


def allowed(told: Namespace) -> dict[str, list[str]]:
    """Return who else may ask, as arguments of `serve`."""
    return {"allow_hosts": told.allow_host or [], "allow_origins": told.allow_origin or []}


def greeting(url: str, told: Namespace) -> str:
    """Return where the emulator is, as lines for a shell: what a client reads from the environment."""
    pat, user_id, app_id = (
        shlex.quote(said) for said in (told.pat or "emulator-key", told.user_id, (told.app or ["emulator-app"])[0])
    )
    return "\n".join(
        [
            f"# An emulator of Clarifai's annotation routes is at {url}",
            f"export CLARIFAI_API_BASE={shlex.quote(url)}",
            f"export CLARIFAI_PAT={pat}",
            f"export CLARIFAI_USER_ID={user_id} CLARIFAI_APP_ID={app_id}",
        ]
    )


def cannot_listen(error: OSError | UnicodeError, host: str, port: int) -> str:
    """Return in one line why nothing can listen somewhere, and what to do if another process does."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken: give another --port, or --port 0 for a free one."
    return f"Nothing can listen at --host {host} --port {port}: {getattr(error, 'strerror', None) or error}"


def tell(arguments: Sequence[str] | None) -> Namespace:
    """Read the arguments; end the process if they cannot be."""
    reader = parser()
    told = reader.parse_args(arguments)
    if told.faults_share is not None and told.faults_seed is None:
        reader.error("--faults-share needs --faults-seed, which decides what goes wrong")
    told.faults_share = FAULTS_SHARE if told.faults_share is None else told.faults_share
    return told


def emulator_of(told: Namespace) -> Emulator:
    """Return the emulator that the arguments describe."""
    return Emulator(
        pat=told.pat,
        user_id=told.user_id,
        apps=[(told.user_id, name) for name in told.app] if told.app else None,
        app_keys={key: (told.user_id, app) for key, app in told.app_key or ()},
        strict=told.strict,
        faults=() if told.faults_seed is None else Faults.seeded(told.faults_seed, share=told.faults_share),
        rate=told.rate,
        retry_after=told.retry_after,
        latency=told.latency_ms / 1000,
        body_limit=told.body_limit,
        record=False,
    )


def parser() -> ArgumentParser:
    """Return what reads the arguments."""
    told = ArgumentParser(
        prog="python -m clarifai_http_annotations.testing",
        description="Serve an emulator of Clarifai's annotation routes, in memory, without a key. Prints lines for a"
        " shell. Beside the API's routes it has GET, POST and DELETE /emulator/faults, GET /emulator/labels and"
        " POST /emulator/reset.",
        allow_abbrev=False,
    )
    told.add_argument("--host", default="127.0.0.1", type=_text, help="address to listen at (%(default)s)")
    told.add_argument(
        "--port", default=PORT, type=_number(int, 0, 65535), help="port; 0 takes a free one (%(default)s)"
    )
    told.add_argument(
        "--allow-host",
        action="append",
        type=_said(checked_host),
        metavar="NAME",
        help="a name under which it may be asked, beside this machine's and --host; repeat it",
    )
    told.add_argument(
        "--allow-origin",
        action="append",
        type=_said(checked_origin),
        metavar="ORIGIN",
        help="an origin whose pages may ask it, such as http://localhost:3000; repeat it (default: none)",
    )
    told.add_argument("--user-id", default="emulator-user", type=_text, help="the owner of the key (%(default)s)")
    told.add_argument("--app", action="append", type=_text, help="an app that exists; repeat it (default: any exists)")
    told.add_argument(
        "--app-key",
        action="append",
        type=_key_of_app,
        metavar="KEY=APP",
        help="a key that is an app's own, with which no user and app need be named; repeat it (default: none)",
    )
    told.add_argument("--pat", type=_text, help="the only key that is accepted (default: any is)")
    told.add_argument(
        "--strict",
        action=BooleanOptionalAction,
        default=False,
        help="refuse a concept without value, instead of storing it as positive as the API does (--no-strict)",
    )
    told.add_argument("--rate", type=_number(int, 1), help="requests in any second; more get 429 (default: no limit)")
    told.add_argument(
        "--retry-after", type=_number(float, 0), metavar="SECONDS", help="Retry-After of a 429 (default: none)"
    )
    told.add_argument(
        "--latency-ms", type=_number(float, 0), default=0.0, metavar="MS", help="wait before an answer (%(default)g)"
    )
    told.add_argument(
        "--body-limit",
        type=_number(int, 1),
        default=BODY_LIMIT,
        metavar="BYTES",
        help="larger bodies get 413 (%(default)s)",
    )
    told.add_argument(
        "--faults-seed", type=int, metavar="SEED", help="faults by chance, the same for the same seed (default: none)"
    )
    told.add_argument(
        "--faults-share",
        type=_number(float, 0, 1),
        metavar="SHARE",
        help=f"how many of the requests meet one of them, from 0 to 1 ({FAULTS_SHARE})",
    )
    return told


def _say_missing(emulator: Emulator) -> None:
    """Say what came without a value, since that is what the emulator is for."""
    for place in emulator.missing_values[:SHOWN]:
        _say(f"No value, which HTTP takes for positive: {place}")
    if emulator.missing_values:
        _say(f"Concepts that came without value: {len(emulator.missing_values)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _text(said: str) -> str:
    if not said.strip():
        raise ArgumentTypeError("must not be empty")
    return said


def _key_of_app(said: str) -> tuple[str, str]:
    key, _, app = said.partition("=")
    if not key.strip() or not app.strip():
        raise ArgumentTypeError("must be like KEY=APP")  # what was said may be a key
    return key, app


def _said(checked: Callable[[object], str]) -> Callable[[str], str]:
    """Return what reads a text that another function looks at."""

    def read(said: str) -> str:
        try:
            return checked(said)
        except ValueError as wrong:
            raise ArgumentTypeError(str(wrong)) from None

    return read


def _number(kind: type[int] | type[float], least: float, most: float = math.inf) -> Callable[[str], float]:
    """Return what reads a number of a range, and says which it is."""

    def read(said: str) -> float:
        try:
            value = kind(said)
            if math.isfinite(value) and least <= value <= most:
                return value
        except (ValueError, OverflowError):  # no number, or a whole one beyond every other
            pass
        what = "a whole number" if kind is int else "a number"
        bounds = f"of {least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise ArgumentTypeError(f"must be {what} {bounds}, not {said!r}")

    return read
