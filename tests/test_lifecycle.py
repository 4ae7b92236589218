"""A client's life: forks, event loops, threads, copies, pickles, and its end."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import AsyncClient, Client, ClientClosedError, ConfigurationError, RateLimitError
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


def test_a_copy_of_a_client_works_in_a_forked_process(server: Server) -> None:
    with client_of(server) as client:
        ask(client)
        assert in_child(lambda: ask(client.with_options(timeout=1)))
        assert len(set(server.peers)) == 2


def test_a_process_forked_from_a_forked_one_works(server: Server) -> None:
    with client_of(server) as client:
        ask(client)

        def child() -> None:
            ask(client)
            assert in_child(lambda: ask(client))

        assert in_child(child)
    assert len(set(server.peers)) == 3


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


# --- copies and pickles --------------------------------------------------------------------------

WAYS = [
    pytest.param(pickle.dumps, id="pickle"),
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    *(
        pytest.param(lambda client, protocol=protocol: pickle.dumps(client, protocol), id=f"pickle {protocol}")
        for protocol in range(6)
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cls", [Client, AsyncClient])
def test_a_client_is_not_pickled_or_copied_and_says_what_to_do(cls: Any, way: Callable[[Any], Any]) -> None:
    client = cls(pat=PAT, user_id="me", app_id="app")
    with pytest.raises(TypeError, match=rf"A {cls.__name__} holds a key.*from the environment.*with_options\(\)"):
        way(client)


@pytest.mark.parametrize("way", WAYS)
def test_a_client_inside_of_something_is_not_pickled_or_copied_either(way: Callable[[Any], Any]) -> None:
    if way is copy.copy:
        pytest.skip("a shallow copy does not look inside")
    with pytest.raises(TypeError, match="holds a key"):
        way({"client": [Client(pat=PAT, user_id="me", app_id="app")]})


def test_with_options_changes_the_copy_and_not_the_original(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    other = client.with_options(user_id="somebody", app_id="elsewhere")
    list(other.list())
    list(client.list())
    assert [request.path for request in emulator.requests] == [
        "/v2/users/somebody/apps/elsewhere/annotations",
        "/v2/users/me/apps/app/annotations",
    ]


def test_with_options_keeps_what_is_not_given(connect: Any) -> None:
    client = connect(None, timeout=7.0, max_retries=3, deadline=70.0, fractional_values=True)
    assert client.with_options()._settings == client._settings
    assert client.with_options(deadline=None).with_options()._settings.deadline is None
    assert client.with_options(timeout=None)._settings.timeout is None
    assert client.with_options(timeout=httpx.Timeout(3))._settings.timeout == httpx.Timeout(3)


@pytest.mark.parametrize(
    ("first", "second", "header", "value"),
    [
        pytest.param({"pat": "one"}, {"pat": "two"}, "authorization", "Key two", id="pat to pat"),
        pytest.param({"pat": "one"}, {"token": "two"}, "x-clarifai-session-token", "two", id="pat to token"),
        pytest.param({"pat": None, "token": "one"}, {"pat": "two"}, "authorization", "Key two", id="token to pat"),
        pytest.param({"pat": None, "token": "one"}, {}, "x-clarifai-session-token", "one", id="token stays"),
    ],
)
def test_with_options_can_change_the_key(
    connect: Any, emulator: Emulator, first: Any, second: Any, header: str, value: str
) -> None:
    seen = []

    def remembers(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return emulator(request)

    list(connect(remembers, **first).with_options(**second).list())
    assert seen[0][header] == value
    assert ("authorization" in seen[0]) != ("x-clarifai-session-token" in seen[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"deadline": float("nan")}, "deadline"),
        ({"fractional_values": 1}, "fractional_values"),
        ({"pat": "one", "token": "two"}, "pat= and token="),
        ({"pat": "Key one"}, "pat"),
    ],
)
def test_with_options_checks_what_it_is_given(connect: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        connect(None).with_options(**options)


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


def test_a_copy_shares_the_quota_of_retries(connect: Any) -> None:
    def throttles(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429)

    client = connect(throttles)
    other = client.with_options(max_retries=1000, deadline=None)
    with pytest.raises(RateLimitError, match="retry quota"):
        ask(other)
    with pytest.raises(RateLimitError, match=r"1 attempt .*retry quota"):
        ask(client)


# --- the end -------------------------------------------------------------------------------------


def test_a_closed_client_is_not_used(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    list(client.list())
    client.close()
    with pytest.raises(ClientClosedError, match="was closed; make a new one"):
        list(client.list())
    with pytest.raises(ClientClosedError):
        ask(client)
    assert client.is_closed
    assert len(emulator.requests) == 1


def test_a_client_that_is_closed_in_the_middle_of_a_list_ends_it(connect: Any, emulator: Emulator) -> None:
    from clarifai_http_annotations import Annotation, positive

    client = connect(emulator)
    client.create([Annotation.of("input", positive(name)) for name in "abc"])
    pages = client.list(per_page=2)
    next(pages)
    client.close()
    next(pages)
    with pytest.raises(ClientClosedError):
        next(pages)


@pytest.mark.parametrize("used", [False, True], ids=["unused", "used"])
def test_closing_twice_is_no_error(connect: Any, emulator: Emulator, used: bool) -> None:
    client = connect(emulator)
    if used:
        list(client.list())
    client.close()
    client.close()
    assert client.is_closed


def test_closing_closes_the_connections(server: Server) -> None:
    client = client_of(server)
    ask(client)
    client.close()
    _until(lambda: bool(server.closed))
    assert server.closed == server.peers


def test_closing_a_copy_leaves_the_original_open(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    other = client.with_options(timeout=3)
    other.close()
    assert other.is_closed
    assert not client.is_closed
    assert list(client.list()) == []
    with pytest.raises(ClientClosedError):
        list(other.list())


def test_closing_the_original_closes_its_copies(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    other = client.with_options(timeout=3).with_options(timeout=4)
    list(other.list())
    client.close()
    assert other.is_closed
    with pytest.raises(ClientClosedError):
        list(other.list())


def test_a_copy_of_a_closed_client_is_closed(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.close()
    assert client.with_options(timeout=3).is_closed


def test_a_with_block_closes_its_client(emulator: Emulator) -> None:
    with emulator.client() as client:
        assert not client.is_closed
    assert client.is_closed

    async def work() -> AsyncClient:
        async with emulator.async_client() as client:
            assert not client.is_closed
        return client

    assert asyncio.run(work()).is_closed


def test_a_with_block_closes_its_client_after_an_error_and_lets_it_through(emulator: Emulator) -> None:
    client = emulator.client()
    with pytest.raises(KeyError), client:
        raise KeyError
    assert client.is_closed

    async def work() -> None:
        async with other:
            raise KeyError

    other = emulator.async_client()
    with pytest.raises(KeyError):
        asyncio.run(work())
    assert other.is_closed


def test_an_asynchronous_client_has_a_close_under_both_names(emulator: Emulator) -> None:
    for name in ("close", "aclose"):
        client = emulator.async_client()
        asyncio.run(getattr(client, name)())
        assert client.is_closed


def test_the_wrong_kind_of_with_says_which_is_right(emulator: Emulator) -> None:
    right = "AsyncClient is for 'async with'; 'with' is for Client"
    with pytest.raises(TypeError, match=right), emulator.async_client():
        pass

    async def work() -> None:
        async with emulator.client():  # type: ignore[attr-defined, unused-ignore]
            pass

    with pytest.raises(TypeError, match="Client is for 'with'; 'async with' is for AsyncClient"):
        asyncio.run(work())


def test_a_repr_says_where_and_whether_it_is_closed(connect: Any, emulator: Emulator, kind: str) -> None:
    client = connect(emulator)
    inner = getattr(client, "inner", client)
    name = "Client" if kind == "sync" else "AsyncClient"
    open_ = f"{name}(user_id='me', app_id='app', base_url='https://api.clarifai.com')"
    assert repr(inner) == open_
    client.close()
    assert repr(inner) == open_.replace(")", ", closed)")
