"""Faults of real sockets: each ends in time, as the error it is, and a retry after it succeeds.

The servers are on this machine and their faults are real; what httpx makes of them differs
between its two clients, which a mock transport would not show.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import trustme

from clarifai_http_annotations import (
    Annotation,
    APIConnectionError,
    APITimeoutError,
    ClarifaiError,
    InvalidResponseError,
    positive,
)

BODY = b'{"status":{"code":10000}}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
ANSWER = HEAD % len(BODY) + BODY

SLACK = 1.0
"""Seconds by which a busy machine may be late."""


# --- a server that does as it is told -------------------------------------------------------------


@dataclass
class Server:
    """A server whose first, second, ... connection runs the first, second, ... script; the last one repeats."""

    scripts: tuple[Script, ...]
    tls: ssl.SSLContext | None = None
    over: threading.Event = field(default_factory=threading.Event)
    connections: int = 0

    def wait(self) -> bool:
        """Wait a little; tell whether to go on. Ends by itself, so that a client that hangs fails its test."""
        return not self.over.wait(0.02) and time.monotonic() < self.started + 2

    def __enter__(self) -> Server:
        self.started = time.monotonic()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self.listener.close()
        for thread in self.threads:
            thread.join(5)

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                self.threads.append(threading.Thread(target=self.talk, args=(script, conn)))
                self.threads[-1].start()

    def talk(self, script: Script, conn: socket.socket) -> None:
        with conn, suppress(OSError):
            conn.settimeout(2)
            if self.tls and not getattr(script, "before_tls", False):
                conn = self.tls.wrap_socket(conn, server_side=True)
            with conn:
                script(self, conn)


Script = Callable[[Server, socket.socket], None]


def read_request(conn: socket.socket) -> bytes:
    """Return one request with its body; nothing if there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := conn.recv(65536)):
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(server: Server, conn: socket.socket) -> None:
    while read_request(conn):
        conn.sendall(ANSWER)


def sends(data: bytes) -> Script:
    """Answer with these bytes and close."""

    def script(server: Server, conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(data)

    return script


def resets(data: bytes | None) -> Script:
    """Send these bytes and reset the connection; in the middle of the request, if there are none."""

    def script(server: Server, conn: socket.socket) -> None:
        if data is None:
            conn.recv(1)
        else:
            read_request(conn)
            conn.sendall(data)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def drips(start: bytes, drop: bytes) -> Script:
    """Send the start, and then a drop now and then, each sooner than any timeout for one read would notice."""

    def script(server: Server, conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(start)
        while server.wait():
            conn.sendall(drop)

    return script


def is_silent(server: Server, conn: socket.socket) -> None:
    read_request(conn)
    while conn.recv(1024):
        pass


def drips_handshake(server: Server, conn: socket.socket) -> None:
    conn.recv(65536)
    conn.sendall(b"\x16\x03\x03\x3f\x00")  # a handshake record of 16 KB
    while server.wait():
        conn.sendall(b"\x02")


def is_silent_in_handshake(server: Server, conn: socket.socket) -> None:
    while conn.recv(65536):
        pass


def is_not_tls(server: Server, conn: socket.socket) -> None:
    conn.recv(65536)
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


for _script in (drips_handshake, is_silent_in_handshake, is_not_tls):
    _script.before_tls = True  # type: ignore[attr-defined]


# --- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:

        def start(*scripts: Script, tls: bool = False) -> Server:
            context = None
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                authority.issue_cert("127.0.0.1").configure_cert(context)
            return stack.enter_context(Server(scripts, context))

        yield start


@pytest.fixture
def dial(connect: Any, authority: trustme.CA) -> Callable[..., Any]:
    """Return a function from a server to a client of it, whose clock is the real one and whose waits are not."""

    def make(server: Server, **settings: Any) -> Any:
        if server.tls:
            settings["verify"] = ssl.create_default_context()
            authority.configure_trust(settings["verify"])
        client = connect(base_url=server.url, **settings)
        del getattr(client, "inner", client)._clock
        return client

    return make


def ask(client: Any, **options: Any) -> Any:
    """Make the call with the shortest answer."""
    return client.delete("annotation", input_id="input", **options)


def failure_of(call: Callable[[], Any], *, within: float) -> APIConnectionError:
    """Return the error of a call, which must come within so many seconds."""
    started = time.monotonic()
    with pytest.raises(APIConnectionError) as caught:
        call()
    assert time.monotonic() - started < within + SLACK
    return caught.value


# --- faults --------------------------------------------------------------------------------------

CUT_OFF = HEAD % 1000 + BODY
PLAIN_FAULTS = [
    pytest.param(resets(None), id="reset in the request"),
    pytest.param(resets(b""), id="reset after the request"),
    pytest.param(resets(CUT_OFF), id="reset in the body"),
    pytest.param(sends(b""), id="closed without an answer"),
    pytest.param(sends(b"HTTP/1.1 200 OK\r\ncontent-le"), id="closed in the headers"),
    pytest.param(sends(CUT_OFF), id="closed in the body"),
    pytest.param(sends(b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"st'), id="closed in a chunk"),
    pytest.param(sends(b"\x00\xff garbage\r\n\r\n"), id="garbage for a status line"),
    pytest.param(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-encoding: gzip\r\n\r\nabc"), id="no gzip"),
]
SLOW_FAULTS = [
    pytest.param(is_silent, id="silence"),
    pytest.param(drips(HEAD % 100000, b" "), id="drip of the body"),
    pytest.param(drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), id="drip of the headers"),
    pytest.param(drips(b"", b"H"), id="drip of the status line"),
    pytest.param(drips(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), id="drip of interim answers"),
]
HANDSHAKE_FAULTS = [
    pytest.param(is_silent_in_handshake, id="silence in the handshake"),
    pytest.param(drips_handshake, id="drip of the handshake"),
]


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("fault", PLAIN_FAULTS)
def test_a_broken_answer_is_an_error_of_the_connection(serve: Any, dial: Any, fault: Script, tls: bool) -> None:
    client = dial(serve(fault, tls=tls), max_retries=0)
    error = failure_of(lambda: ask(client), within=0)
    assert type(error) is APIConnectionError
    assert error.maybe_done
    assert str(error).startswith(
        "delete: DELETE /v2/users/me/apps/app/inputs/input/annotations/annotation got no answer"
    )


@pytest.mark.parametrize(("tls", "limit"), [(False, "timeout"), (False, "deadline"), (True, "deadline")])
@pytest.mark.parametrize("fault", SLOW_FAULTS)
def test_a_slow_answer_ends_in_time(serve: Any, dial: Any, fault: Script, tls: bool, limit: str) -> None:
    client = dial(serve(fault, tls=tls), max_retries=0)
    error = failure_of(lambda: ask(client, **{limit: 0.3}), within=0.3)
    assert type(error) is APITimeoutError
    assert error.maybe_done
    assert error.attempts == 1


@pytest.mark.parametrize("limit", ["timeout", "deadline"])
@pytest.mark.parametrize("fault", HANDSHAKE_FAULTS)
def test_a_slow_handshake_ends_in_time_and_nothing_was_sent(serve: Any, dial: Any, fault: Script, limit: str) -> None:
    client = dial(serve(fault, tls=True), max_retries=0)
    error = failure_of(lambda: ask(client, **{limit: 0.3}), within=0.3)
    assert type(error) is APITimeoutError
    assert not error.maybe_done


def test_a_server_that_does_not_speak_tls_was_sent_nothing(serve: Any, dial: Any) -> None:
    error = failure_of(lambda: ask(dial(serve(is_not_tls, tls=True), max_retries=0)), within=0)
    assert type(error) is APIConnectionError
    assert not error.maybe_done


@pytest.mark.parametrize("fault", [*PLAIN_FAULTS, *SLOW_FAULTS[:2]])
def test_the_next_attempt_after_a_fault_succeeds(serve: Any, dial: Any, fault: Script) -> None:
    server = serve(fault, answers)
    client = dial(server)
    assert ask(client, timeout=0.4) is None
    assert server.connections == 2


def test_a_create_whose_answer_was_lost_is_sent_again_byte_for_byte(serve: Any, dial: Any) -> None:
    bodies = []

    def loses(server: Server, conn: socket.socket) -> None:
        bodies.append(read_request(conn).partition(b"\r\n\r\n")[2])

    def stores(server: Server, conn: socket.socket) -> None:
        loses(server, conn)
        stored = b'{"status":{"code":10000},' + bodies[-1].lstrip(b"{")
        conn.sendall(HEAD % len(stored) + stored)

    client = dial(serve(loses, stores))
    [stored] = client.create(Annotation.of("input", positive("tree")))
    assert bodies[0] == bodies[1]
    assert stored.id.encode() in bodies[0]


# --- the time of an attempt ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", SLOW_FAULTS[:3])
def test_all_attempts_together_do_not_outlive_the_deadline(serve: Any, dial: Any, fault: Script) -> None:
    client = dial(serve(fault))
    error = failure_of(lambda: ask(client, timeout=0.08, deadline=0.2), within=0.2)
    assert isinstance(error, APITimeoutError)
    assert error.attempts >= 1


def test_an_httpx_timeout_is_for_one_read_and_the_deadline_for_the_whole(serve: Any, dial: Any) -> None:
    client = dial(serve(drips(HEAD % 100000, b" ")), max_retries=0)
    error = failure_of(lambda: ask(client, timeout=httpx.Timeout(0.1), deadline=0.3), within=0.3)
    assert error.elapsed > 0.25


def test_an_httpx_timeout_ends_a_silence(serve: Any, dial: Any) -> None:
    client = dial(serve(is_silent), max_retries=0)
    failure_of(lambda: ask(client, timeout=httpx.Timeout(5, read=0.1)), within=0.1)


def test_without_timeout_and_deadline_a_slow_answer_is_waited_for(serve: Any, dial: Any) -> None:
    def slow(server: Server, conn: socket.socket) -> None:
        read_request(conn)
        for byte in ANSWER:
            conn.sendall(bytes([byte]))
            server.over.wait(0.001)

    assert ask(dial(serve(slow)), timeout=None, deadline=None) is None


def test_a_server_that_takes_a_request_slowly_ends_in_time(serve: Any, dial: Any) -> None:
    def sips(server: Server, conn: socket.socket) -> None:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while server.wait() and conn.recv(4096):
            pass

    client = dial(serve(sips), max_retries=0)
    big = Annotation.of("input", positive("tree", name="x" * 16_000_000))
    error = failure_of(lambda: client.create(big, timeout=0.2), within=0.4)
    assert type(error) is APITimeoutError
    assert error.maybe_done


@pytest.mark.parametrize("fault", SLOW_FAULTS[:3])
def test_the_deadline_holds_with_an_injected_client(serve: Any, connect: Any, kind: str, fault: Script) -> None:
    http: Any = httpx.Client(timeout=5) if kind == "sync" else httpx.AsyncClient(timeout=5)
    client = connect(base_url=serve(fault).url, http_client=http, max_retries=0)
    error = failure_of(lambda: ask(client, deadline=0.3), within=0.3)
    assert type(error) is APITimeoutError
    if kind == "sync":
        http.close()
    else:
        client.runner.run(http.aclose())


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body without an end, which takes no memory: every piece of it is the same."""

    piece = b" " * (1 << 20)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield self.piece


def test_an_answer_without_an_end_is_an_error(connect: Any) -> None:
    client = connect(lambda _: httpx.Response(200, stream=Endless()), max_retries=0)
    with pytest.raises(InvalidResponseError, match="more than 128 MiB") as caught:
        ask(client, timeout=None, deadline=None)
    assert caught.value.status_code == 200
    assert caught.value.maybe_done


class DripsSlowly(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a transport that has no sockets of httpx."""

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(50):
            time.sleep(0.02)
            yield b" "

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(50):
            await asyncio.sleep(0.02)
            yield b" "


def test_a_transport_without_sockets_of_httpx_ends_in_time_too(connect: Any) -> None:
    client = connect(lambda _: httpx.Response(200, stream=DripsSlowly()), max_retries=0)
    error = failure_of(lambda: ask(client, timeout=0.3), within=0.3)
    assert type(error) is APITimeoutError
    assert error.maybe_done


def test_one_thread_s_little_time_is_not_another_s(serve: Any) -> None:
    from clarifai_http_annotations import Client

    def late(server: Server, conn: socket.socket) -> None:
        read_request(conn)
        server.over.wait(0.3)
        conn.sendall(ANSWER)

    client = Client(pat="key", user_id="me", app_id="app", base_url=serve(late).url, max_retries=0)
    results: list[object] = []

    def hasty() -> None:
        try:
            results.append(ask(client, timeout=0.1))
        except ClarifaiError as error:
            results.append(type(error))

    thread = threading.Thread(target=hasty)
    thread.start()
    assert ask(client) is None
    thread.join()
    assert results == [APITimeoutError]
    client.close()


# --- connections ---------------------------------------------------------------------------------


def test_calls_share_a_connection(serve: Any, dial: Any) -> None:
    server = serve(answers)
    client = dial(server)
    for _ in range(3):
        ask(client)
    assert server.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_is_no_error(serve: Any, dial: Any, clock: Any) -> None:
    server = serve(sends(ANSWER))
    client = dial(server)
    for count in range(1, 4):
        assert ask(client, timeout=2.0) is None
        assert server.connections == count
        time.sleep(0.05)  # the goodbye arrives
    assert clock.slept == []


def test_the_connection_of_an_attempt_that_ran_out_of_time_is_closed(serve: Any, dial: Any) -> None:
    closed = threading.Event()

    def listens(server: Server, conn: socket.socket) -> None:
        is_silent(server, conn)
        closed.set()

    client = dial(serve(listens), max_retries=0)
    failure_of(lambda: ask(client, timeout=0.3), within=0.3)
    assert closed.wait(1)


@pytest.mark.parametrize(
    "body", [pytest.param(b"<html>", id="html"), pytest.param(b"", id="nothing"), pytest.param(b'{"st', id="half")]
)
def test_an_answer_that_nobody_can_read_leaves_the_connection_usable(serve: Any, dial: Any, body: bytes) -> None:
    def confused(server: Server, conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(HEAD % len(body) + body)
        answers(server, conn)

    server = serve(confused)
    client = dial(server)
    with pytest.raises(InvalidResponseError):
        ask(client.with_options(max_retries=0))
    ask(client)
    assert server.connections == 1
