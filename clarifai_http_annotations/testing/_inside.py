"""The emulator behind httpx itself, for code under test that makes its own clients.

What is replaced is the one method of httpx's transports that is documented as the place where a request
becomes a response. Nothing of this library is, and a request to any other address goes its usual way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from ..config import DEFAULT_BASE_URL
from ._emulator import Emulator

ADDRESS = "http://localhost:1"
"""Where nothing listens: what does not come by httpx is refused, instead of leaving this machine."""

ORIGINS = {(url.scheme, url.host, url.port) for url in map(httpx.URL, (ADDRESS, DEFAULT_BASE_URL))}


def put_inside(emulator: Emulator, replace: Callable[[Any, str, Any], None]) -> None:
    """Let an emulator answer what httpx would send to `ADDRESS` and to Clarifai.

    Args:
        emulator: What answers.
        replace: Sets an attribute of an object, and knows how to set it back.
    """
    inside = httpx.MockTransport(emulator)
    send, send_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return inside.handle_request(request) if _is_for_the_emulator(request) else send(self, request)

    async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if _is_for_the_emulator(request):
            return await inside.handle_async_request(request)
        return await send_async(self, request)

    replace(httpx.HTTPTransport, "handle_request", handle_request)
    replace(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)


def _is_for_the_emulator(request: httpx.Request) -> bool:
    return (request.url.scheme, request.url.host, request.url.port) in ORIGINS
