"""The emulator behind httpx itself, for code under test that makes its own clients.

What is replaced is the one method of httpx's transports that is documented as the place where a request
becomes a response. Nothing of this library is, and a request to any other address goes its usual way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ..config import DEFAULT_BASE_URL
from ._emulator import Emulator

ADDRESS = "http://localhost:1"
"""Where nothing listens: what does not come by httpx is refused, instead of leaving this machine."""

_HERE = httpx.URL(ADDRESS)
_CLARIFAI = httpx.URL(DEFAULT_BASE_URL).host


@contextmanager
def inside(emulator: Emulator) -> Iterator[None]:
    """Let an emulator answer what httpx would send to `ADDRESS` and to Clarifai, as long as the context is open."""
    door = httpx.MockTransport(emulator)
    send, send_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request
    is_open = True

    def is_for_the_emulator(url: httpx.URL) -> bool:
        return is_open and (url.host == _CLARIFAI or (url.host, url.port) == (_HERE.host, _HERE.port))

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return door.handle_request(request) if is_for_the_emulator(request.url) else send(self, request)

    async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if is_for_the_emulator(request.url):
            return await door.handle_async_request(request)
        return await send_async(self, request)

    setattr(httpx.HTTPTransport, "handle_request", handle_request)  # noqa: B010 # mypy knows it as a method
    setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)  # noqa: B010 # likewise
    try:
        yield
    finally:
        is_open = False  # who replaced them meanwhile may bring these back, which do nothing then
        if httpx.HTTPTransport.handle_request is handle_request:
            setattr(httpx.HTTPTransport, "handle_request", send)  # noqa: B010 # likewise
        if httpx.AsyncHTTPTransport.handle_async_request is handle_async_request:
            setattr(httpx.AsyncHTTPTransport, "handle_async_request", send_async)  # noqa: B010 # likewise
