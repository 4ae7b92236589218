"""Connecting, where nobody answers: it ends in time, and nothing was sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import APIConnectionError, APITimeoutError

BODY = b'{"status":{"code":10000}}'

SLACK = 1.0
"""Seconds by which a busy machine may be late."""


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


def answer_once(listener: socket.socket) -> None:
    listener.settimeout(2)
    conn, _ = listener.accept()
    with conn:
        conn.recv(65536)
        conn.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY))


@pytest.fixture
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def blackhole(host: str = "0.0.0.0", port: int = 0) -> tuple[list[socket.socket], int]:  # noqa: S104 - all of 127/8
    """Return a port of this machine on which a connection is neither accepted nor refused."""
    family, near = (socket.AF_INET6, host) if ":" in host else (socket.AF_INET, "127.0.0.1")
    held = [socket.socket(family)]
    held[0].bind((host, port))
    held[0].listen(0)
    port = held[0].getsockname()[1]
    for _ in range(4):  # the queue of a listener that never accepts is full after one or two
        held.append(socket.socket(family))
        held[-1].setblocking(False)
        held[-1].connect_ex((near, port))
    time.sleep(0.05)
    return held, port


def test_a_closed_port_was_sent_nothing(connect: Any, closed_port: str) -> None:
    error = failure_of(lambda: ask(connect(base_url=closed_port, max_retries=0)), within=0)
    assert type(error) is APIConnectionError
    assert not error.maybe_done


def test_a_host_that_does_not_exist_was_sent_nothing(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    client = connect(base_url="https://no.such.host.test", max_retries=0)
    error = failure_of(lambda: ask(client), within=0)
    assert type(error) is APIConnectionError
    assert "Name or service not known" in str(error)
    assert not error.maybe_done


@pytest.mark.parametrize("limit", ["timeout", "deadline"])
def test_a_connection_that_is_not_accepted_ends_in_time_and_nothing_was_sent(connect: Any, limit: str) -> None:
    held, port = blackhole()
    client = connect(base_url=f"http://127.0.0.1:{port}", max_retries=0)
    error = failure_of(lambda: ask(client, **{limit: 0.3}), within=0.3)
    for sock in held:
        sock.close()
    assert type(error) is APITimeoutError
    assert not error.maybe_done


def test_a_host_whose_addresses_are_all_silent_ends_in_time(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    held, port = blackhole()
    more, _ = blackhole("::1", port)
    addresses = [("::1", port, 0, 0), ("127.0.0.1", port)]
    found = [(socket.AF_INET6 if len(a) == 4 else socket.AF_INET, socket.SOCK_STREAM, 6, "", a) for a in addresses]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *a, **k: found if host in ("localhost", b"localhost") else real(host, *a, **k),
    )
    client = connect(base_url=f"http://localhost:{port}", max_retries=0)
    error = failure_of(lambda: ask(client, timeout=0.2), within=0.2)
    for sock in held + more:
        sock.close()
    assert type(error) is APITimeoutError


@pytest.mark.skipif(not socket.has_ipv6, reason="needs two addresses of this machine")
def test_a_silent_address_of_a_host_does_not_keep_the_next_one_from_being_tried(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where IPv6 leads nowhere, and IPv4 works."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        held, _ = blackhole("::1", port)
        thread = threading.Thread(target=answer_once, args=(listener,))
        thread.start()
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
        four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        addresses = {"localhost": [six, four], "::1": [six], "127.0.0.1": [four]}

        def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
            return addresses[host if isinstance(host, str) else host.decode()]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert ask(connect(base_url=f"http://localhost:{port}", max_retries=0), timeout=0.6) is None
        thread.join()
    for sock in held:
        sock.close()


def test_a_transport_that_connects_again_by_itself_ends_in_time(connect: Any, kind: str, closed_port: str) -> None:
    transport = (httpx.HTTPTransport if kind == "sync" else httpx.AsyncHTTPTransport)(retries=5)
    client = connect(base_url=closed_port, transport=transport, max_retries=0)
    error = failure_of(lambda: ask(client, deadline=0.2), within=0.2)
    assert kind == "async" or not error.maybe_done  # cut off from outside, nobody knows


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_unix_socket_ends_in_time_too(connect: Any, kind: str, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        transport = (httpx.HTTPTransport if kind == "sync" else httpx.AsyncHTTPTransport)(uds=path)
        client = connect(base_url="http://localhost", transport=transport, max_retries=0)
        error = failure_of(lambda: ask(client, deadline=0.3), within=0.3)
    assert type(error) is APITimeoutError
