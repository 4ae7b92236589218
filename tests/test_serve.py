"""The emulator on a socket: the same state, ready at once, gone at once, and silent."""

from __future__ import annotations

import asyncio
import builtins
import gc
import logging
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, APIConnectionError, APITimeoutError, AuthenticationError, positive
from clarifai_http_annotations.testing import Emulator, serve

KEY = {"authorization": "Key some-key"}
LIST = "/v2/users/me/apps/emulator-app/annotations"


def test_the_clients_of_a_server_share_the_state_of_the_emulator(emulator: Emulator) -> None:
    async def work(client: Any) -> list[str]:
        async with client:
            await client.create(Annotation.of("in-1", positive("boat"), id="b"))
            return [found.id async for found in client.list()]

    with serve(emulator) as server:
        with server.client() as client:
            client.create(Annotation.of("in-1", positive("tree"), id="a"))
        assert asyncio.run(work(server.async_client())) == ["b", "a"]
    assert [stored["id"] for stored in emulator.annotations] == ["a", "b"]
    assert [request.method for request in emulator.requests] == ["POST", "POST", "GET", "GET"]


def test_a_client_of_a_server_takes_the_settings_of_a_client() -> None:
    with serve(Emulator(pat="mine", apps=[("somebody", "else")])) as server:
        with server.client(user_id="somebody", app_id="else") as client:
            assert list(client.list()) == []
        with server.client(pat="other") as client, pytest.raises(AuthenticationError):
            list(client.list())


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 # for a moment
        ("0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
    ],
)
def test_its_url_is_one_that_a_client_can_reach(host: str, named: str, emulator: Emulator) -> None:
    with serve(emulator, host=host) as server:
        assert server.url.rpartition(":")[0] == f"http://{named}"
        assert httpx.get(f"{server.url}/emulator/labels").status_code == 200


def test_a_request_arrives_as_it_was_sent(emulator: Emulator) -> None:
    with serve(emulator) as server, httpx.Client(base_url=server.url, headers=KEY) as http:
        http.get("/v2/users/me/apps/a%2Fb/annotations?ids=x&ids=%C3%BC&task_id=")
        http.get("/v2/users/me/apps/app/annotations")
        big = {"annotations": [{"input_id": "in-1", "annotation_info": {"text": "x" * 1_000_000}}]}
        assert http.post(LIST, json=big).status_code == 200
        assert http.delete("/nowhere").json()["status"]["code"] == 11101
    assert [request.path for request in emulator.requests][:2] == [
        "/v2/users/me/apps/a%2Fb/annotations",
        "/v2/users/me/apps/app/annotations",
    ]
    assert emulator.requests[0].query == {"ids": ["x", "ü"], "task_id": [""]}
    assert emulator.requests[2].body == big


def test_a_server_is_up_and_gone_in_no_time(emulator: Emulator) -> None:
    started = time.monotonic()
    with serve(emulator) as server:
        assert httpx.get(server.url + LIST, headers=KEY).status_code == 200
    assert time.monotonic() - started < 2.0
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url + LIST, headers=KEY)


def test_a_host_and_a_port_may_be_chosen(emulator: Emulator) -> None:
    with serve(emulator, host="localhost") as server:
        assert server.url.startswith("http://localhost:")
        assert httpx.get(server.url + LIST, headers=KEY).status_code == 200
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), serve(emulator, host="127.0.0.1", port=port):
            pass


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_a_host_may_be_of_ipv6(emulator: Emulator) -> None:
    try:
        with serve(emulator, host="::1") as server, server.client() as client:
            assert server.url.startswith("http://[::1]:")
            assert list(client.list()) == []
    except OSError:
        pytest.skip("there is no IPv6")


def test_several_servers_run_beside_each_other() -> None:
    first, second = Emulator(), Emulator()
    with serve(first) as one, serve(second) as two, one.client() as client, two.client() as other:
        client.create(Annotation.of("in-1", positive("tree")))
        assert list(other.list()) == []
    assert (len(first.annotations), len(second.annotations)) == (1, 0)


def test_a_server_that_ends_while_clients_connect_leaves_no_socket_open(emulator: Emulator) -> None:
    """Or pytest would say so."""

    def connect(port: int, ended: threading.Event, kept: list[socket.socket]) -> None:
        with suppress(OSError):
            while not ended.is_set() and len(kept) < 60:  # fewer than may wait to be accepted
                kept.append(socket.create_connection(("127.0.0.1", port)))

    for _ in range(20):
        ended, kept = threading.Event(), list[socket.socket]()
        with serve(emulator) as server:
            thread = threading.Thread(target=connect, args=(int(server.url.rpartition(":")[2]), ended, kept))
            thread.start()
            while len(kept) < 5 and thread.is_alive():
                time.sleep(0.001)
        ended.set()
        thread.join()
        for one in kept:
            one.close()
    gc.collect()


@pytest.mark.parametrize("how", ["silent_before", "drip_after", "latency"])
def test_requests_that_hang_do_not_hold_a_server_back(how: str) -> None:
    emulator = Emulator(latency=60) if how == "latency" else Emulator(faults=[how] * 5)
    errors: list[Exception] = []

    def hang(client: Any) -> None:
        try:
            client.create(Annotation.of("in-1", positive("tree")))
        except APIConnectionError as error:
            errors.append(error)

    with serve(emulator) as server:
        clients = [server.client(max_retries=0) for _ in range(5)]
        threads = [threading.Thread(target=hang, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        while len(emulator.requests) < 5:
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 1.0
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert len(errors) == 5


def test_a_client_that_goes_away_in_the_middle_of_a_request_leaves_no_trace(emulator: Emulator) -> None:
    with serve(emulator) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(f"POST {LIST} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf".encode())
            time.sleep(0.05)
        assert httpx.get(server.url + LIST, headers=KEY).status_code == 200
    assert [request.method for request in emulator.requests] == ["GET"]


def test_latency_is_waited_for_beside_other_requests() -> None:
    async def ten(client: Any) -> None:
        async with client:
            await asyncio.gather(*(client.create(Annotation.of("in-1", positive(f"c{n}"))) for n in range(10)))

    emulator = Emulator(latency=0.2)
    with serve(emulator) as server:
        started = time.monotonic()
        asyncio.run(ten(server.async_client()))
        assert 0.2 <= time.monotonic() - started < 1.5
        with server.client(max_retries=0) as client, pytest.raises(APITimeoutError):
            client.create(Annotation.of("in-1", positive("late")), timeout=0.05)
    assert len(emulator.annotations) == 11  # what came late was done nevertheless


def test_an_answer_on_a_connection_that_is_kept_waits_for_nothing(emulator: Emulator) -> None:
    with serve(emulator) as server, httpx.Client(base_url=server.url, headers=KEY) as http:
        http.get(LIST)
        started = time.monotonic()
        for _ in range(20):
            http.get(LIST)
        assert time.monotonic() - started < 20 * 0.04  # what Nagle's algorithm would cost


def test_nothing_is_logged_nor_printed(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {name: logging.getLogger(name).level for name in ("uvicorn.error", "uvicorn.access", "asyncio")}
    emulator.faults = Emulator(faults=["reset_after", "garbage_after", "truncated_after", "silent_after"]).faults
    with caplog.at_level(logging.INFO), serve(emulator) as server, httpx.Client(timeout=0.1) as http:
        for _ in range(4):
            with pytest.raises(httpx.TransportError):
                http.get(server.url + LIST, headers=KEY)
        assert http.get(server.url + LIST, headers=KEY).status_code == 200
    assert [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))] == []
    assert capfd.readouterr() == ("", "")
    assert {name: logging.getLogger(name).level for name in before} == before


def test_without_uvicorn_it_is_said_what_to_install(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.partition(".")[0] == "uvicorn":
            raise ModuleNotFoundError("No module named 'uvicorn'")
        return original(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "clarifai_http_annotations.testing._socket", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'clarifai-http-annotations\[emulator\]'"), serve(emulator):
        pass


def test_uvicorn_is_loaded_only_to_serve() -> None:
    code = "import sys; from clarifai_http_annotations.testing import serve; print('uvicorn' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
