"""``python -m clarifai_http_annotations.testing``: the emulator as a program, for tests in any language.

It prints where it is, ready to be copied into a shell, and serves until SIGTERM or Ctrl-C. What came without
``value`` until then is said at the end, since that is what the emulator is for.
"""

from __future__ import annotations

import argparse
import ipaddress
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from . import Emulator, Faults, serve

PORT = 8765
KEY = "emulator-key"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve an emulator until a signal says stop; return the exit code."""
    parser = _parser()
    asked = parser.parse_args(argv)
    if not _is_loopback(asked.host):
        print(f"warning: whoever reaches {asked.host} can write into this emulator", file=sys.stderr)
    faults = () if asked.faults_seed is None else Faults.seeded(asked.faults_seed, rate=asked.faults_rate)
    emulator = Emulator(
        pat=asked.pat,
        user_id=asked.user_id,
        strict=asked.strict,
        rate=asked.rate,
        retry_after=asked.retry_after,
        latency=asked.latency_ms / 1000,
        faults=faults,
        record=False,  # it may serve for days
    )
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with serve(emulator, host=asked.host, port=asked.port) as server:
            print(_greeting(server.url, asked.pat or KEY), flush=True)
            stop.wait()
    except ImportError as missing:
        _fail(str(missing))
    except OSError as error:
        _fail(f"cannot listen at {asked.host}, port {asked.port}: {error.strerror or error}; --port 0 takes a free one")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for place in emulator.missing_values[:10]:
        print(f"no value, which HTTP takes for positive: {place}", file=sys.stderr)
    if emulator.missing_values:
        print(f"concepts that came without value: {len(emulator.missing_values)}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clarifai_http_annotations.testing",
        description="Serve an emulator of Clarifai's annotation routes, in memory, until SIGTERM or Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at")
    add("--port", type=_port, default=PORT, help="port to listen at; 0 takes a free one")
    add("--pat", help="the only key that is accepted; any is if absent")
    add("--user-id", default="emulator-user", help="who 'me' is")
    add("--strict", action="store_true", help="refuse a concept without value, instead of storing it as positive")
    add("--rate", type=_positive, metavar="N", help="requests in any second; what is beyond is answered with 429")
    add("--retry-after", type=_not_negative, metavar="SECONDS", help="what such an answer says to wait")
    add("--latency-ms", type=_not_negative, default=0.0, metavar="MS", help="from a request to its answer")
    add("--faults-seed", type=int, metavar="SEED", help="let requests fail by chance, the same for the same seed")
    add("--faults-rate", type=_part, default=0.3, metavar="PART", help="how likely they do, from 0 to 1")
    return parser


def _greeting(url: str, key: str) -> str:
    """Return where it is, and three lines for a shell whose programs are to use it."""
    return "\n".join(
        [
            f"Emulator of Clarifai's annotation routes, in memory, at {url}",
            f"export CLARIFAI_API_BASE={url}",
            f"export CLARIFAI_PAT={shlex.quote(key)}",
            "export CLARIFAI_USER_ID=me CLARIFAI_APP_ID=emulator-app",
        ]
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fail(text: str) -> NoReturn:
    print(f"error: {text}", file=sys.stderr)
    raise SystemExit(1)


# --- arguments -----------------------------------------------------------------------------------


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def _not_negative(text: str) -> float:
    number = _number(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return number


def _part(text: str) -> float:
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


if __name__ == "__main__":
    sys.exit(main())
