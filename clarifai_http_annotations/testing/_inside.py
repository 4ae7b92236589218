"""The emulator behind httpx itself, for code under test that makes its own clients.

What is replaced is the one method of httpx's transports that is documented as the place where a request
becomes a response. Nothing of this library is, and a request to any other address goes its usual way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ..config import DEFAULT_BASE_URL
from ._emulator import Emulator

ADDRESS = "http://localhost:1"
"""Where nothing listens: what does not come by httpx is refused, instead of leaving this machine."""

_CLARIFAI = httpx.URL(DEFAULT_BASE_URL).host


class Inside:
    """A door to an emulator that is inside of httpx.

    Attributes:
        addresses: What it answers besides Clarifai; may be added to.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.addresses = {ADDRESS}
        self._door = httpx.MockTransport(emulator)

    def _answers(self, url: httpx.URL) -> bool:
        places = {(address.host, address.port) for address in map(httpx.URL, self.addresses)}
        return url.host == _CLARIFAI or (url.host, url.port) in places

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let the emulator answer as long as the context is open, also before what replaced the same method earlier.

        It may be opened once more, to be before what replaced the method meanwhile.
        """
        is_open = True
        send = _without_closed_doors(httpx.HTTPTransport.handle_request)
        send_async = _without_closed_doors(httpx.AsyncHTTPTransport.handle_async_request)

        def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            if is_open and inside._answers(request.url):
                return inside._door.handle_request(request)
            response: httpx.Response = send(self, request)
            return response

        async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            if is_open and inside._answers(request.url):
                return await inside._door.handle_async_request(request)
            response: httpx.Response = await send_async(self, request)
            return response

        inside = self
        vars(handle_request)["replaced"] = lambda: None if is_open else send
        vars(handle_async_request)["replaced"] = lambda: None if is_open else send_async
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


def _without_closed_doors(method: Any) -> Any:
    """Return what is behind doors that somebody brought back when they were closed, or they would become ever more."""
    while (replaced := getattr(method, "replaced", lambda: None)()) is not None:
        method = replaced
    return method
