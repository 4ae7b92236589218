"""Connections in a client's life: forks, event loops, threads, copies, and its end."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, AsyncClient, ClarifaiError, Client, positive
from clarifai_http_annotations.testing import Emulator

PAT = "0123456789abcdef0123456789abcdef"
BODY = b'{"status":{"code":10000}}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Server:
    """Answers every request with success, and remembers from which connection each came."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.peers: list[int] = []
        self.closed: list[int] = []
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            try:
                conn, (_, peer) = self.listener.accept()
            except OSError:
                return
            self.threads.append(threading.Thread(target=self.talk, args=(conn, peer)))
            self.threads[-1].start()

    def talk(self, conn: socket.socket, peer: int) -> None:
        with conn:
            conn.settimeout(3)
            try:
                while conn.recv(65536):  # the requests of this file come in one piece
                    self.peers.append(peer)
                    conn.sendall(ANSWER)
            except OSError:
                pass
            self.closed.append(peer)

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def client_of(server: Server, cls: type[Any] = Client, **settings: Any) -> Any:
    return cls(pat=PAT, user_id="me", app_id="app", base_url=server.url, max_retries=0, **settings)


def ask(client: Any) -> Any:
    """Make the call with the shortest answer; returns a coroutine if the client is asynchronous."""
    return client.delete("annotation", input_id="input")


async def ask_async(client: AsyncClient) -> None:
    await ask(client)


# --- fork ----------------------------------------------------------------------------------------

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")  # of Python 3.12, which is right


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_child(work: Callable[[], None]) -> bool:
    """Run this in a forked process; tell whether it came to its end, within a second or two."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(writer, b"done")
        finally:
            os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], 2)
    if not ready:
        os.kill(pid, 9)
    os.waitpid(pid, 0)
    done = os.read(reader, 4) == b"done"
    os.close(reader)
    return done


@needs_fork
def test_a_forked_process_has_connections_of_its_own(server: Server) -> None:
    with client_of(server) as client:
        ask(client)

        def child() -> None:
            ask(client)
            ask(client)

        assert in_child(child)
        ask(client)
        parent, first, second, parent_again = server.peers
    assert first == second != parent
    assert parent_again == parent


@needs_fork
def test_a_forked_process_has_connections_of_its_own_with_an_event_loop_too(server: Server) -> None:
    with asyncio.Runner() as runner:
        client = client_of(server, AsyncClient)
        runner.run(ask_async(client))

        async def work() -> None:
            async with client:
                await ask(client)
                await ask(client)

        assert in_child(lambda: asyncio.run(work()))
        runner.run(ask_async(client))
        runner.run(client.aclose())
    parent, first, second, parent_again = server.peers
    assert first == second != parent
    assert parent_again == parent


@needs_fork
def test_a_forked_process_that_closes_its_client_leaves_the_parent_s_open(server: Server) -> None:
    with client_of(server) as client:
        ask(client)
        for use in (False, True):

            def child(use: bool = use) -> None:
                if use:
                    ask(client)
                client.close()
                assert client.is_closed
                gc.collect()

            assert in_child(child)
        ask(client)
        assert server.peers[0] == server.peers[-1] not in server.closed


@needs_fork
def test_a_copy_of_a_client_works_in_a_forked_process(server: Server) -> None:
    with client_of(server) as client:
        ask(client)
        assert in_child(lambda: ask(client.with_options(timeout=1)))
        assert len(set(server.peers)) == 2


@needs_fork
def test_a_process_forked_from_a_forked_one_works(server: Server) -> None:
    with client_of(server) as client:
        ask(client)

        def child() -> None:
            ask(client)
            assert in_child(lambda: ask(client))

        assert in_child(child)
    assert len(set(server.peers)) == 3


@needs_fork
def test_a_fork_in_the_middle_of_opening_leaves_a_client_that_works(server: Server) -> None:
    opening, go_on = threading.Event(), threading.Event()

    class Slow(httpx.Client):
        def __init__(self, **settings: Any) -> None:
            if threading.current_thread() is not threading.main_thread():
                opening.set()
                go_on.wait(3)
            super().__init__(**settings)

    class SlowClient(Client):
        _http_class = Slow

    with client_of(server, SlowClient) as client:
        thread = threading.Thread(target=lambda: ask(client))
        thread.start()
        opening.wait(3)
        worked = in_child(lambda: ask(client))
        go_on.set()
        thread.join()
        assert worked


@needs_fork
@pytest.mark.parametrize("given", ["transport", "http_client"])
def test_a_forked_process_does_not_talk_on_the_sockets_of_what_its_parent_was_given(server: Server, given: str) -> None:
    """Two processes on one socket read each other's answers. To refuse is as good as to connect anew."""
    made: Any = httpx.HTTPTransport() if given == "transport" else httpx.Client()
    with made, client_of(server, **{given: made}) as client:
        ask(client)

        def child() -> None:
            with suppress(ClarifaiError):
                ask(client)

        assert in_child(child)
        ask(client)
        parent, *of_child, parent_again = server.peers
    assert parent == parent_again
    assert parent not in of_child


def test_a_process_with_another_id_opens_a_pool_of_its_own(
    connect: Any, emulator: Emulator, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without a fork, for machines that have none."""
    client = connect(emulator)
    inner = getattr(client, "inner", client)
    made: list[Any] = []

    def adopt(http: Any) -> Any:
        made.append(http)
        return http

    monkeypatch.setattr(inner, "_adopt", adopt)
    list(client.list())
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    list(client.list())
    list(client.list())
    assert len(made) == 2
    client.close()
    assert [http.is_closed for http in made] == [False, True]


# --- event loops ---------------------------------------------------------------------------------


def test_a_second_event_loop_works(server: Server) -> None:
    client = client_of(server, AsyncClient)
    with asyncio.Runner() as first:
        first.run(ask_async(client))
        first.run(ask_async(client))
        with asyncio.Runner() as second:
            second.run(ask_async(client))
            first.run(ask_async(client))
            second.run(client.aclose())
        first.run(client.aclose())
    one, two, three, four = server.peers
    assert one == two == four != three
    _until(lambda: len(server.closed) == 2)
    assert sorted(server.closed) == sorted({one, three})


def test_two_event_loops_at_once_do_not_mix_their_connections(server: Server) -> None:
    client = client_of(server, AsyncClient)
    errors: list[BaseException] = []

    async def work() -> None:
        both_run.wait(3)
        await asyncio.gather(*(ask_async(client) for _ in range(20)))
        both_run.wait(3)
        await client.aclose()

    def thread() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - given to the test
            errors.append(error)

    both_run = threading.Barrier(2)
    threads = [threading.Thread(target=thread) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    assert len(server.peers) == 40


# Nobody can close the connections of a loop that is over but the collector, which says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_event_loops_that_are_over_leave_no_connections_behind(server: Server) -> None:
    """As where a handler runs ``asyncio.run`` for every event, with one client for all of them."""
    client = client_of(server, AsyncClient)
    for _ in range(10):
        asyncio.run(ask_async(client))
        gc.collect()
    _until(lambda: len(server.closed) >= 8)
    still_open = set(server.peers) - set(server.closed)
    asyncio.run(client.aclose())
    del client
    gc.collect()
    assert len(still_open) <= 2


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 1
    while not true() and time.monotonic() < end:
        time.sleep(0.005)


# --- threads and tasks ---------------------------------------------------------------------------


def test_threads_may_share_a_client(server: Server) -> None:
    with client_of(server) as client:
        threads = [threading.Thread(target=lambda: [ask(client) for _ in range(5)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.peers) == 40
    assert len(set(server.peers)) <= 8


def test_threads_that_begin_at_once_open_one_pool(emulator: Emulator) -> None:
    made = []

    class Counted(httpx.Client):
        def __init__(self, **settings: Any) -> None:
            time.sleep(0.05)
            made.append(self)
            super().__init__(**settings)

    class CountedClient(Client):
        _http_class = Counted

    with CountedClient(pat=PAT, user_id="me", app_id="app", transport=httpx.MockTransport(emulator)) as client:
        threads = [threading.Thread(target=lambda: list(client.list())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 1


def test_a_cancelled_call_leaves_a_client_that_works(server: Server) -> None:
    async def work() -> None:
        async with client_of(server, AsyncClient) as client:
            await ask(client)
            task = asyncio.create_task(ask(client))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await ask(client)

    asyncio.run(work())


def test_a_timeout_of_the_caller_s_own_stays_his(emulator: Emulator) -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3)
        return emulator(request)

    async def work() -> None:
        async with emulator.async_client(transport=httpx.MockTransport(slow)) as client:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.05):
                    await ask(client)
            assert type(caught.value) is TimeoutError

    asyncio.run(work())


@pytest.mark.parametrize("cls", [Client, AsyncClient])
def test_a_retry_waits_in_real_time(emulator: Emulator, cls: Any) -> None:
    answers = [httpx.Response(429, headers={"retry-after": "0.05"})]
    transport = httpx.MockTransport(lambda request: answers.pop() if answers else emulator(request))
    client = cls(pat=PAT, user_id="me", app_id="app", transport=transport)
    started = time.monotonic()
    if cls is Client:
        client.create(Annotation.of("input", positive("tree")))
    else:
        asyncio.run(client.create(Annotation.of("input", positive("tree"))))
    assert time.monotonic() - started >= 0.05
    assert len(emulator.annotations) == 1


# --- copies and the end -----------------------------------------------------------------------------


def test_a_copy_shares_the_connections(server: Server) -> None:
    with client_of(server) as client:
        ask(client)
        ask(client.with_options(timeout=3))
        ask(client.with_options(pat="other").with_options(deadline=None))
    assert len(set(server.peers)) == 1


def test_a_copy_of_a_client_that_was_not_used_yet_shares_its_connections_too(server: Server) -> None:
    with client_of(server) as client:
        ask(client.with_options(timeout=3))
        ask(client)
    assert len(set(server.peers)) == 1


def test_closing_closes_the_connections(server: Server) -> None:
    client = client_of(server)
    ask(client)
    client.close()
    _until(lambda: bool(server.closed))
    assert server.closed == server.peers


def test_closing_ends_the_calls_that_are_under_way() -> None:
    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            client = AsyncClient(pat=PAT, user_id="me", app_id="app", base_url=url)
            task = asyncio.create_task(ask(client))
            await asyncio.sleep(0.05)
            await client.aclose()
            with pytest.raises(ClarifaiError):
                await asyncio.wait_for(task, 2)

    asyncio.run(work())
