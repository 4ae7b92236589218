"""Everything that can go wrong with a request, in one table.

A fault says what happens to the connection, or what is answered, and whether the request was carried
out before: what a client cannot know. The same description is used without a socket, where the
exception of httpx is raised that a socket would lead to, and on one, where it really happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import httpx

from ..models.status import StatusCode

Broken = Literal["refused", "reset", "closed", "silent", "truncated", "garbage", "drip"]
"""What happens to the connection instead of an answer."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong with a request. `Fault.named` has those that are known; make others.

    Attributes:
        name: What it is called.
        executed: Whether the request is carried out before; with ``item_code`` alone, whether the
            items that are refused are stored nevertheless.
        connection: What happens to the connection instead of an answer: ``"refused"`` (nothing was
            sent), ``"reset"``, ``"closed"``, ``"silent"`` (no answer ever), ``"truncated"`` (half an
            answer), ``"garbage"`` (no HTTP) or ``"drip"`` (an answer that does not end).
        http_status: HTTP status that is answered.
        code: Clarifai's status code that is answered.
        text: What is answered instead of JSON.
        retry_after: Seconds to wait, as the answer says in ``Retry-After``.
        item_code: Status code of each item in the answer. Without ``http_status``, of some items only, and
            the others are carried out; a request that has no annotations is answered as if nothing were wrong.
        final: Whether the answer says that asking again is of no use.
    """

    name: str
    executed: bool = False
    connection: Broken | None = None
    http_status: int | None = None
    code: int | None = None
    text: str | None = None
    retry_after: float | None = None
    item_code: int | None = None
    final: bool = False

    def __post_init__(self) -> None:
        if self.connection is None and self.http_status is None and self.item_code is None:
            raise ValueError(f"fault {self.name!r} needs a connection, an http_status or an item_code")

    @staticmethod
    def named(name: str) -> Fault:
        """Return a fault of the catalogue.

        Raises:
            ValueError: If there is none of that name; the message lists those that there are.
        """
        if name not in _BY_NAME:
            raise ValueError(f"there is no fault {name!r}, but {', '.join(_BY_NAME)}")
        return _BY_NAME[name]

    @staticmethod
    def catalogue() -> tuple[Fault, ...]:
        """Return every fault that has a name."""
        return CATALOGUE


_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"

CATALOGUE = (
    # The request never left. On a socket it did, as far as the client can tell: it sees a reset.
    Fault(name="never_sent", connection="refused"),
    # Carried out, and the answer is lost.
    Fault(name="reset_after", executed=True, connection="reset"),
    Fault(name="closed_after", executed=True, connection="closed"),
    Fault(name="silent_after", executed=True, connection="silent"),
    Fault(name="truncated_after", executed=True, connection="truncated"),
    Fault(name="garbage_after", executed=True, connection="garbage"),
    Fault(name="drip_after", executed=True, connection="drip"),
    Fault(name="empty_after", executed=True, http_status=200, text=""),
    Fault(name="html_200_after", executed=True, http_status=200, text=_PAGE.format("Please sign in")),
    Fault(name="html_502_after", executed=True, http_status=502, text=_PAGE.format("502 Bad Gateway")),
    Fault(name="http_500_after", executed=True, http_status=500, code=StatusCode.INTERNAL_UNCATEGORIZED),
    Fault(name="http_502_after", executed=True, http_status=502, code=StatusCode.INTERNAL_SERVER_ISSUE),
    Fault(name="http_503_after", executed=True, http_status=503, code=StatusCode.RPC_SERVER_UNAVAILABLE),
    Fault(name="http_504_after", executed=True, http_status=504, code=StatusCode.RPC_REQUEST_TIMEOUT),
    # The same to the client, and not carried out.
    Fault(name="reset_before", connection="reset"),
    Fault(name="closed_before", connection="closed"),
    Fault(name="silent_before", connection="silent"),
    Fault(name="html_502_before", http_status=502, text=_PAGE.format("502 Bad Gateway")),
    Fault(name="http_500_before", http_status=500, code=StatusCode.INTERNAL_UNCATEGORIZED),
    Fault(name="http_502_before", http_status=502, code=StatusCode.INTERNAL_SERVER_ISSUE),
    Fault(name="http_503_before", http_status=503, code=StatusCode.RPC_SERVER_UNAVAILABLE),
    Fault(name="http_504_before", http_status=504, code=StatusCode.RPC_REQUEST_TIMEOUT),
    # Too many requests: refused before any work. The HTTP status of 11005 is not documented.
    Fault(name="throttled_429", http_status=429, code=StatusCode.CONN_THROTTLED),
    Fault(name="throttled_429_retry_after", http_status=429, code=StatusCode.CONN_THROTTLED, retry_after=1),
    Fault(name="throttled_200", http_status=200, code=StatusCode.CONN_THROTTLED),
    Fault(name="throttled_200_retry_after", http_status=200, code=StatusCode.CONN_THROTTLED, retry_after=1),
    # Some items are refused, and the others are carried out.
    Fault(name="items_throttled", item_code=StatusCode.CONN_THROTTLED),
    Fault(name="items_internal", item_code=StatusCode.INTERNAL_UNCATEGORIZED),
    Fault(name="items_internal_after", executed=True, item_code=StatusCode.INTERNAL_UNCATEGORIZED),
    # The whole batch is refused, without and with a status of every item.
    Fault(name="batch_failed", http_status=400, code=StatusCode.FAILURE, final=True),
    Fault(
        name="batch_failed_items",
        http_status=400,
        code=StatusCode.FAILURE,
        item_code=StatusCode.INTERNAL_UNCATEGORIZED,
    ),
    Fault(name="batch_invalid", http_status=400, code=StatusCode.CONN_INVALID_REQUEST, final=True),
    Fault(
        name="batch_invalid_items",
        http_status=400,
        code=StatusCode.CONN_INVALID_REQUEST,
        item_code=StatusCode.ANNOTATION_INVALID_ARGUMENT,
        final=True,
    ),
    # Something is wrong with the account or its key.
    Fault(name="key_unknown", http_status=401, code=StatusCode.CONN_KEY_NOT_FOUND, final=True),
    Fault(name="limits_exceeded", http_status=402, code=StatusCode.CONN_EXCEEDS_LIMITS, final=True),
    Fault(name="scopes_insufficient", http_status=403, code=StatusCode.CONN_INSUFFICIENT_SCOPES, final=True),
)

_BY_NAME = {fault.name: fault for fault in CATALOGUE}

_RAISED: dict[Broken, tuple[type[httpx.TransportError], str]] = {
    "refused": (httpx.ConnectError, "[Errno 111] Connection refused"),
    "reset": (httpx.ReadError, ""),  # as httpx has it with asyncio: without a word
    "closed": (httpx.RemoteProtocolError, "Server disconnected without sending a response."),
    "silent": (httpx.ReadTimeout, ""),
    "truncated": (
        httpx.RemoteProtocolError,
        "peer closed connection without sending complete message body (incomplete)",
    ),
    "garbage": (httpx.RemoteProtocolError, "illegal status line: bytearray(b'garbage')"),
    "drip": (httpx.ReadTimeout, ""),
}


def raised_for(connection: Broken, request: httpx.Request) -> httpx.TransportError:
    """Return what httpx raises where this happens to the connection of a request."""
    kind, message = _RAISED[connection]
    return kind(message, request=request)
