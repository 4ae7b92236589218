"""Requests and answers as httpx has them: headers, the key, the body of an answer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import httpx

from ._version import __version__
from ._wire.answers import MAX_BYTES, RawAnswer
from ._wire.requests import Request
from .config import Settings
from .errors import InvalidResponseError

PYTHON = ".".join(map(str, sys.version_info[:3]))
AGENT = f"clarifai-http-annotations/{__version__} python/{PYTHON} httpx/{httpx.__version__}"
REQUEST_ID_PREFIX = f"clarifai-http-annotations-{__version__}"


def headers_of(request: Request) -> Mapping[str, Any]:
    """Return the headers of a request, without the key."""
    headers = {"accept": "application/json", "user-agent": AGENT, "x-clarifai-request-id-prefix": REQUEST_ID_PREFIX}
    return {**headers, "content-type": "application/json"} if request.body is not None else headers


def authorize(request: httpx.Request, settings: Settings) -> None:
    """Write the key into a request; an injected client may have brought some of its own."""
    for name in ("authorization", "x-clarifai-session-token"):
        request.headers.pop(name, None)
    if settings.is_token:
        request.headers["x-clarifai-session-token"] = settings.key.reveal()
    else:
        request.headers["authorization"] = f"Key {settings.key.reveal()}"


def raw_answer(response: httpx.Response, content: bytes) -> RawAnswer:
    """Return what httpx received; ``dict(response.headers)`` would stumble over names outside ASCII."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    is_shared = response.http_version == "HTTP/2"  # by requests of others, and each answer says whose it is
    connection = None if is_shared else response.extensions.get("network_stream")
    return RawAnswer(response.status_code, headers, content, connection)


class Body:
    """Collects the body of an answer, up to the longest that the API sends."""

    def __init__(self, response: httpx.Response) -> None:
        self._response, self._pieces, self._size = response, list[bytes](), 0

    def add(self, piece: bytes) -> None:
        """Add a piece.

        Raises:
            InvalidResponseError: If it is too long by now.
        """
        self._pieces.append(piece)
        self._size += len(piece)
        del piece
        if self._size > MAX_BYTES:
            error = InvalidResponseError(f"answered with more than {MAX_BYTES >> 20} MiB")
            error.status_code = self._response.status_code
            raise error

    def answer(self) -> RawAnswer:
        """Return the answer as it came."""
        return raw_answer(self._response, b"".join(self._pieces))
