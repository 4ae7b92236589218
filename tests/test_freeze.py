"""A process that was frozen, and the connections that died meanwhile: AWS Lambda between two invocations.

A monotonic clock may stand still meanwhile, so httpx's own expiry of idle connections may not see it; the
clock on the wall is set right. Tests set it forward; the sockets, and what becomes of them, are real. No
call here is made twice (``max_retries=0``): a dead connection that was used would be its error.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import APIConnectionError, AsyncClient, Client, NotFoundError, _network
from clarifai_http_annotations.testing import Emulator, serve

BODY = b'{"status":{"code":10000}}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)
MINUTES = 240.0


def reset(conn: socket.socket) -> None:
    """Close with RST instead of FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


class Server:
    """Answers every request with success, until it is told to treat the connections that there are otherwise.

    It is one thread: what it was told is done when `kill` returns.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.alive: list[socket.socket] = []
        self.dead: dict[socket.socket, str] = {}
        self.used: list[int] = []  # the number of the connection of each request, the swallowed ones included
        self.numbers: dict[socket.socket, int] = {}
        self.wake, self.woken = socket.socketpair()
        self.orders: list[str] = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self.listener, self.woken, *self.alive, *self.dead], [], [], 10)
            if self.woken in ready:
                self.woken.recv(1)
                if (order := self.orders.pop()) == "stop":
                    return
                self.obey(order)
                self.done.set()
                continue
            for conn in ready:
                if conn is self.listener:
                    self.alive.append(conn.accept()[0])
                    self.numbers[self.alive[-1]] = len(self.numbers)
                else:
                    self.talk(conn)

    def obey(self, order: str) -> None:
        for conn in self.alive:
            if order == "fin":
                conn.close()
            elif order == "rst":
                reset(conn)
            else:
                self.dead[conn] = order
        self.alive = []

    def talk(self, conn: socket.socket) -> None:
        try:
            data = conn.recv(65536)  # the requests of this file come in one piece
        except OSError:
            data = b""
        if data:
            self.used.append(self.numbers[conn])
            if conn in self.alive:
                conn.sendall(ANSWER)
                return
            if self.dead[conn] == "swallow":
                return
            reset(conn)  # as a NAT answers what it has forgotten
        conn.close()
        self.alive = [other for other in self.alive if other is not conn]
        self.dead.pop(conn, None)

    def tell(self, order: str) -> None:
        self.orders.append(order)
        self.wake.send(b"!")

    def kill(self, how: str) -> None:
        """Close every connection (fin, rst), or from now on swallow or refuse what comes on it."""
        self.done.clear()
        self.tell(how)
        assert self.done.wait(5)

    def stop(self) -> None:
        self.tell("stop")
        self.thread.join(5)
        for each in (self.listener, self.wake, self.woken, *self.alive, *self.dead):
            each.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


class Wall:
    """The clock on the wall: as the system has it, plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(_network, "time", wall)
    return wall


@pytest.fixture
def connected(kind: str, server: Server) -> Iterator[Any]:
    """Return a function that makes one call, in the blocking client and in the other one."""
    settings: dict[str, Any] = {"pat": "x" * 32, "user_id": "me", "app_id": "app", "base_url": server.url}
    settings |= {"max_retries": 0, "timeout": 0.3}
    if kind == "sync":
        with Client(**settings) as client:
            yield lambda: client.delete("annotation", input_id="input")
        return

    async def ask(client: AsyncClient) -> None:
        await client.delete("annotation", input_id="input")

    with asyncio.Runner() as runner:
        other = AsyncClient(**settings)
        yield lambda: runner.run(ask(other))
        runner.run(other.aclose())


@pytest.mark.parametrize("how", ["fin", "rst", "swallow", "refuse"])
def test_a_connection_that_died_in_a_freeze_of_minutes_is_no_error_and_costs_no_time(
    connected: Any, server: Server, wall: Wall, how: str
) -> None:
    connected()
    server.kill(how)
    wall.ahead += MINUTES
    connected()
    connected()
    assert server.used == [0, 1, 1]


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_connection_that_the_server_closed_a_moment_ago_is_no_error(connected: Any, server: Server, how: str) -> None:
    connected()
    server.kill(how)
    connected()
    assert server.used == [0, 1]


@pytest.mark.parametrize("how", ["swallow", "refuse"])
def test_only_what_was_idle_for_long_is_given_up(connected: Any, server: Server, wall: Wall, how: str) -> None:
    """The tests above would show nothing if these connections were given up anyway."""
    connected()
    wall.ahead += _network.MOST_IDLE - 2
    connected()
    assert server.used == [0, 0]
    server.kill(how)
    with pytest.raises(APIConnectionError):
        connected()
    assert server.used == [0, 0, 0]


def test_a_clock_that_was_set_back_tells_nothing_so_the_connection_is_given_up(
    connected: Any, server: Server, wall: Wall
) -> None:
    connected()
    wall.ahead -= MINUTES
    connected()
    assert server.used == [0, 1]


def test_a_connection_is_idle_from_the_end_of_an_answer(server: Server, wall: Wall) -> None:
    """However long the server took: it is no reason to connect anew for each request."""

    class Slow(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            wall.ahead += MINUTES
            return super().handle_request(request)

    with Client(
        pat="x" * 32, user_id="me", app_id="app", base_url=server.url, max_retries=0, transport=Slow()
    ) as client:
        for _ in range(3):
            client.delete("annotation", input_id="input")
    assert server.used == [0, 0, 0]


class Spanned(httpx.HTTPTransport):
    """Does something while the answer to its next request is on its way."""

    during: Callable[[], Any] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        during, self.during = self.during, None
        response = super().handle_request(request)
        if during is not None:
            during()
        return response


class AsyncSpanned(httpx.AsyncHTTPTransport):
    during: Callable[[], Any] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        during, self.during = self.during, None
        response = await super().handle_async_request(request)
        if during is not None and (call := during()) is not None:
            await call
        return response


@pytest.fixture
def spanning(kind: str, server: Server) -> Iterator[Callable[..., None]]:
    """Return a function that makes a call, and something during it: "another", which needs a second connection."""
    settings: dict[str, Any] = {"pat": "x" * 32, "user_id": "me", "app_id": "app", "base_url": server.url}
    transport: Any = Spanned() if kind == "sync" else AsyncSpanned()
    made: Any = (Client if kind == "sync" else AsyncClient)(**settings, max_retries=0, timeout=5, transport=transport)
    with asyncio.Runner() as runner:

        def ask() -> Any:
            return made.delete("annotation", input_id="input")

        def call(during: Any = None) -> None:
            transport.during = ask if during == "another" else during
            begun = ask()
            if kind == "async":
                runner.run(begun)

        yield call
        if (closing := made.close()) is not None:
            runner.run(closing)


def test_a_request_that_spans_a_freeze_does_not_make_other_connections_look_fresh(
    spanning: Callable[..., None], server: Server, wall: Wall
) -> None:
    def freeze() -> None:
        wall.ahead += MINUTES

    spanning("another")
    spanning(freeze)
    assert server.used == [0, 1, 0]
    spanning("another")
    assert server.used == [0, 1, 0, 0, 2]


def test_short_freezes_add_up(spanning: Callable[..., None], server: Server, wall: Wall) -> None:
    """A function that is invoked every few seconds uses one connection, and another one only now and then."""
    spanning("another")
    for _ in range(3):
        wall.ahead += _network.MOST_IDLE - 1
        spanning()
    assert server.used == [0, 1, 0, 0, 0]
    spanning("another")
    assert server.used == [0, 1, 0, 0, 0, 0, 2]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_of_many_that_begin_after_a_freeze_none_is_given_what_is_being_closed(kind: str, wall: Wall) -> None:
    settings: dict[str, Any] = {"pat": "x" * 32, "user_id": "me", "app_id": "app", "rate": None, "max_retries": 0}

    def in_threads(url: str) -> None:
        with Client(base_url=url, **settings) as client, ThreadPoolExecutor(8) as pool:
            for _ in range(30):
                wall.ahead += MINUTES
                calls = [pool.submit(client.delete, f"a-{n}", input_id="in") for n in range(8)]
                assert [type(call.exception()) for call in calls] == [NotFoundError] * 8

    async def in_tasks(url: str) -> None:
        async with AsyncClient(base_url=url, **settings) as client:
            for _ in range(30):
                wall.ahead += MINUTES
                calls = [client.delete(f"a-{n}", input_id="in") for n in range(8)]
                ended = await asyncio.gather(*calls, return_exceptions=True)
                assert [type(error) for error in ended] == [NotFoundError] * 8

    with serve(Emulator(record=False)) as served:
        in_threads(served.url) if kind == "sync" else asyncio.run(in_tasks(served.url))


def test_a_request_that_is_on_its_way_keeps_its_connection(wall: Wall) -> None:
    """Another thread begins after a long pause: what is idle is closed, what is used is not."""
    answers = threading.Semaphore(0)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk(conn: socket.socket) -> None:
            with conn:
                while conn.recv(65536) and answers.acquire(timeout=5):
                    conn.sendall(ANSWER)

        def accept() -> None:
            for _ in range(2):
                conn, _ = listener.accept()
                threads.append(threading.Thread(target=talk, args=(conn,)))
                threads[-1].start()

        errors: list[Exception] = []

        def call() -> None:
            try:
                client.delete("annotation", input_id="input")
            except Exception as error:  # noqa: BLE001 # given to the test
                errors.append(error)

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(pat="x" * 32, user_id="me", app_id="app", base_url=url, max_retries=0, timeout=5) as client:
            calls = [threading.Thread(target=call) for _ in range(2)]
            calls[0].start()
            _until(lambda: len(threads) == 2)
            wall.ahead += MINUTES
            calls[1].start()
            _until(lambda: len(threads) == 3)
            answers.release(2)
            for thread in calls:
                thread.join(5)
        for thread in threads:
            thread.join(5)
    assert errors == []


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true() and time.monotonic() < end:
        time.sleep(0.005)


def test_the_connections_of_a_client_that_was_given_are_its_owner_s(server: Server, wall: Wall) -> None:
    with httpx.Client() as given:
        settings: dict[str, Any] = {"base_url": server.url, "max_retries": 0, "http_client": given}
        client = Client(pat="x" * 32, user_id="me", app_id="app", **settings)
        client.delete("annotation", input_id="input")
        wall.ahead += MINUTES
        client.delete("annotation", input_id="input")
        assert not given.is_closed
    assert server.used == [0, 0]


CALL_TWICE = """
import sys
from clarifai_http_annotations import Client

with Client(pat="x" * 32, user_id="me", app_id="app", base_url=sys.argv[1], max_retries=0, timeout=5) as client:
    client.delete("annotation", input_id="input")
    print("warm", flush=True)
    sys.stdin.readline()
    client.delete("annotation", input_id="input")
    print("thawed", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_process_that_was_stopped_while_its_connection_died_goes_on(server: Server, how: str) -> None:
    command = [sys.executable, "-c", CALL_TWICE, server.url]
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "warm\n"
            process.send_signal(signal.SIGSTOP)
            server.kill(how)
            process.stdin.write("go on\n")
            process.stdin.flush()
            process.send_signal(signal.SIGCONT)
            assert process.stdout.readline() == "thawed\n"
        finally:
            process.kill()
    assert server.used == [0, 1]
