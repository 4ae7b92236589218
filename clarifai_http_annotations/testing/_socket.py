"""The emulator behind uvicorn, with a hand on the connection, so that a fault can really break it.

ASGI has no way to reset a connection or to send what is no HTTP. uvicorn's protocol class knows the
transport of a request's connection, and hands it on here in the request's ``state``.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ._access import Access
from ._admin import is_admin
from ._emulator import Emulator
from ._faults import Broken

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

DRIP_EVERY = 0.02
"""Seconds from one drop to the next: sooner than any timeout for one read."""

LOOK_EVERY = 0.01
"""Seconds from one look to the next at whether all is answered."""


class _Protocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, one object a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does so only where it made the socket that listens; without, an answer takes 40 ms
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.access_log = False
        self.app_state = {"transport": transport}


class Door:
    """Serves an emulator from a thread.

    Not ``uvicorn.Server``: that looks ten times a second whether it is to end, then waits for
    every request, and logs both.

    Args:
        emulator: What answers.
        listener: A socket that listens.
        access: Who may ask.
        grace: Seconds for which `close` lets requests that have come be answered.
    """

    def __init__(self, emulator: Emulator, listener: socket.socket, access: Access, grace: float = 0.0) -> None:
        self._emulator = emulator
        self._access = access
        self._listener = listener
        self._grace = grace
        self._config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=3600,  # a connection that closes by itself would be a fault that nobody asked for
        )
        self._config.load()
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.is_open = threading.Event()

    def run(self) -> None:
        """Serve until `close` is called; the work of the thread."""
        asyncio.run(self._serve())

    def close(self) -> None:
        """End `run`, once it is open, from any other thread."""
        assert self._loop is not None  # noqa: S101 # it is open
        self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self) -> None:
        state = ServerState()
        self._loop = asyncio.get_running_loop()
        server = await self._loop.create_server(lambda: _Protocol(self._config, state, {}), sock=self._listener)
        self.is_open.set()
        await self._over.wait()
        with suppress(NotImplementedError):  # of Windows, where asyncio accepts in another way
            self._loop.remove_reader(self._listener)
            await asyncio.sleep(0)  # what it has accepted becomes a connection, which a server that is closed forgets
        server.close()
        if self._grace:
            await _answered(state, self._grace)
        while state.connections or len(asyncio.all_tasks()) > 1:  # answers, and connections that are only just made
            for connection in list(state.connections):
                connection.transport.abort()  # which ends every wait for a client
            await asyncio.sleep(0)

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a request: the ASGI application."""
        path = scope["raw_path"].decode("ascii")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        size = int(headers.get("content-length", "0"))
        content, more = bytearray(), True
        while more and size <= self._emulator._body_limit:  # of what is too large uvicorn drops the rest
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            content += message["body"]
            more = message["more_body"]
            size = max(size, len(content))
        target = path + ("?" + scope["query_string"].decode("ascii") if scope["query_string"] else "")
        response, broken = self._emulator._reply_to(
            self._access, scope["method"], target, headers, bytes(content), size
        )
        latency = 0.0 if more or is_admin(path) else self._emulator.latency
        if latency and await _is_gone(receive, within=latency):
            return
        if broken is not None:
            await _break(broken, response.content, scope["state"]["transport"], receive)
            return
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.headers.raw})
        await send({"type": "http.response.body", "body": response.content})


async def _answered(state: ServerState, within: float) -> None:
    """Close every connection once it has its answer, or give up after so many seconds."""
    for connection in list(state.connections):
        if not connection.transport.is_closing():
            connection.shutdown()  # at once where no request is under way
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while state.connections:
                await asyncio.sleep(LOOK_EVERY)


async def _is_gone(receive: Receive, within: float | None = None) -> bool:
    """Wait until the client is gone, or so many seconds; tell whether it is."""
    try:
        async with asyncio.timeout(within):
            while (await receive())["type"] != "http.disconnect":
                pass  # a body that is read already
    except TimeoutError:
        return False
    return True


async def _break(broken: Broken, body: bytes, transport: asyncio.Transport, receive: Receive) -> None:
    """Do to a connection what a fault says, instead of answering with a body."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    if broken in ("reset", "refused"):  # to refuse it is too late: a reset is what comes closest
        at_once = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        transport.abort()
    elif broken == "truncated":
        transport.write(head % len(body) + body[: len(body) // 2])
    elif broken == "garbage":
        transport.write(b"garbage\r\n\r\n")
    elif broken == "drip":
        transport.write(head % 10**9)
        while not await _is_gone(receive, within=DRIP_EVERY):
            transport.write(b" ")
    if broken not in ("silent", "drip"):
        transport.close()
    await _is_gone(receive)
