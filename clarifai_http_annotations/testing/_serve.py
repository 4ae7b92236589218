"""The emulator on a socket of this machine, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ..client import AsyncClient, Client
from ._access import Access
from ._emulator import Emulator


@dataclass(frozen=True)
class Server:
    """An emulator that is served.

    Attributes:
        emulator: The emulator.
        url: Where it is, such as ``"http://127.0.0.1:49152"``.
    """

    emulator: Emulator
    url: str

    def client(self, **settings: Any) -> Client:
        """Return a client that talks to it over the socket; takes the arguments of `Client`."""
        return Client(**self.emulator._settings({"base_url": self.url, "transport": None, **settings}))

    def async_client(self, **settings: Any) -> AsyncClient:
        """Return an asynchronous client that talks to it over the socket; takes the arguments of `AsyncClient`."""
        return AsyncClient(**self.emulator._settings({"base_url": self.url, "transport": None, **settings}))


@contextmanager
def serve(
    emulator: Emulator,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    grace: float = 0.0,
    allow_hosts: Collection[str] = (),
    allow_origins: Collection[str] = (),
) -> Iterator[Server]:
    """Serve an emulator over HTTP as long as the context is open: the same state, on a socket.

    On exit every connection is closed, also one whose request still hangs.
    ``/emulator/faults``, ``/emulator/labels`` and ``/emulator/reset`` are for programs in any language, but not for
    the pages of a browser on this machine: what comes from another origin, or under a name that is neither this
    machine's nor ``host``, is answered with HTTP 403.

    Args:
        emulator: What answers.
        host: Address to listen at.
        port: Port to listen at; a free one if 0.
        grace: Seconds for which requests that have come are still answered on exit.
        allow_hosts: Names under which it may be asked, too, such as ``"host.docker.internal"``.
        allow_origins: Origins whose pages may ask it, such as ``"http://localhost:3000"``.

    Raises:
        ImportError: If uvicorn is not installed.
        OSError: If nothing can listen there.
        ValueError: If what is allowed is no host, or no origin.
    """
    try:
        from ._socket import Door
    except ImportError as missing:
        raise ImportError(
            "The emulator needs uvicorn to be served: pip install 'clarifai-http-annotations[emulator]'"
        ) from missing
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        access = Access.of({host, listener.getsockname()[0]}, allow_hosts, allow_origins)
        door = Door(emulator, listener, access, grace)
        thread = threading.Thread(target=door.run, name="clarifai-emulator", daemon=True)
        thread.start()
        door.is_open.wait()
        try:
            yield Server(emulator, f"http://{_named(host, listener)}:{listener.getsockname()[1]}")
        finally:
            door.close()
            thread.join()


def _named(host: str, listener: socket.socket) -> str:
    """Return how a client names where a socket listens: for all addresses of this machine, one of them."""
    address = ip_address(listener.getsockname()[0].partition("%")[0])
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"[{host}]" if ":" in host else host
