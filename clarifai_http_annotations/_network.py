"""Opening httpx's clients so that the key and the time stay within bounds.

Rules:

1. The key goes to ``base_url`` and nowhere else: redirects are not followed, a proxy from the
   environment is not used when the base is this machine (httpx would).
2. No transport of ours is put in between, so httpx's proxies (`_proxies`) and TLS keep working. In WebAssembly,
   where neither is, there is one (`_pyodide`).
3. One TLS context a setting, shared by every client of the process: loading the CA bundle
   is most of the cost of a client. A plain http base does not load it at all.
4. A process that was forked, and an event loop that is not the one before, open a pool of
   their own: sockets are shared with neither.
5. In a blocking client every wait on a socket ends with the attempt: httpx's timeouts are for one read, so a server
   that drips could hold a call for ever. Only the look-up of a name is the system's own, and takes as long as it takes.
6. What was idle while the process was frozen for longer than `MOST_IDLE` seconds is not used again (AWS
   Lambda between two invocations, a virtual machine that is suspended): what is between it and the server
   may have forgotten the connection, without a word. httpx counts idle seconds by a clock that may have
   stood still meanwhile; what the clock on the wall has more is noted for each connection.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpx

from .errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

MOST_IDLE = 5.0
"""Seconds of a freeze after which idle connections are not used again; as many as httpx allows awake by default."""

IN_WEBASSEMBLY = sys.platform == "emscripten"
"""Whether this is Pyodide: no sockets, no threads, and in some of its versions no ``ssl`` either."""


def ssl_context(verify: ssl.SSLContext | str | bool) -> ssl.SSLContext:
    """Return the shared TLS context of a setting.

    Args:
        verify: ``True`` for the usual authorities (``SSL_CERT_FILE`` and ``SSL_CERT_DIR``
            count), a file or folder of authorities, a context, or ``False`` for none.

    Raises:
        ConfigurationError: If there is no such file, or it holds no certificate; or no ``ssl`` in this Python.
    """
    try:
        import ssl  # only here: not every Python has it, and not every client needs it
    except ImportError:
        raise ConfigurationError(
            "This Python was built without ssl, which connections need: give transport= or http_client=."
        ) from None
    if isinstance(verify, ssl.SSLContext):
        return verify
    return _ssl_context(verify, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=16)
def _ssl_context(verify: str | bool, cert_file: str | None, cert_dir: str | None) -> ssl.SSLContext:
    import ssl  # likewise

    try:
        if isinstance(verify, bool):
            return httpx.create_ssl_context(verify=verify)
        if Path(verify).is_dir():
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).rstrip(".")
        raise ConfigurationError(
            f"verify={verify!r} cannot be used (SSL_CERT_FILE={cert_file!r}, SSL_CERT_DIR={cert_dir!r}): {reason}."
        ) from error


class _Process:
    """What a blocking client has instead of an event loop."""

    def is_closed(self) -> bool:
        return False


THIS_PROCESS = _Process()


class Pool:
    """The connections of a client and of its copies, one httpx client for a process and an event loop."""

    def __init__(self, make: Callable[[], Any], injected: Any) -> None:
        self._make, self._injected = make, injected
        self._pid, self._lock = os.getpid(), threading.Lock()
        self._by_loop: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._idle: WeakKeyDictionary[Any, tuple[str, float]] = WeakKeyDictionary()
        self._left_behind: list[Any] = []
        self._closed = False

    @property
    def is_injected(self) -> bool:
        """Whether the httpx client is not ours."""
        return self._injected is not None

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or the client that it was given."""
        return self._closed or (self._injected is not None and self._injected.is_closed)

    def http(self, loop: Any) -> Any:
        """Return the httpx client for this process and this loop (`THIS_PROCESS` for a blocking client)."""
        if self._pid != os.getpid():
            # Not closed: that would say goodbye on sockets that the parent still uses. Not dropped
            # either: the collector would. The lock may have been held when the process forked.
            self._left_behind += [self._by_loop, *map(_take_sockets, [self._injected, *self._by_loop.values()])]
            self._lock, self._by_loop = threading.Lock(), WeakKeyDictionary()
            self._pid = os.getpid()
        if self._injected is not None:
            return self._injected
        with self._lock:
            for over in [known for known in self._by_loop if known.is_closed()]:
                del self._by_loop[over]  # nobody can close its connections but the collector
            http = self._by_loop.get(loop)
            if http is None:
                http = self._by_loop[loop] = self._make()
            return http

    def close_idle(self) -> None:
        """Close what was idle in a freeze in a blocking client, before its next request.

        Other threads come here before they send, and so wait until it is done: none is given what is being closed.
        """
        with self._lock:
            for _, connection in self._look(THIS_PROCESS):
                connection.close()

    async def aclose_idle(self, loop: Any) -> None:
        """Do the same in an asyncio client: it is taken out of its pool at once, since other tasks go on meanwhile."""
        with self._lock:
            found = self._look(loop)
        for pool, connection in found:
            pool._connections.remove(connection)
        for _, connection in found:
            await connection.aclose()

    def used(self, loop: Any) -> None:
        """Learn that a request has ended: its connection is idle from now on."""
        with self._lock:
            self._look(loop)

    def _look(self, loop: Any) -> list[tuple[Any, Any]]:
        """Note since when each connection is idle; return those that are not to be used again, each with its pool.

        None of an injected client: others may be about to use them, and its owner says how long they last.
        """
        if self._injected is not None:
            return []
        unseen = time.time() - time.monotonic()  # grows while the process is frozen, and only then
        found = []
        for pool, connection in _idle_connections(self._by_loop.get(loop)):
            state = connection.info()  # counts its requests
            before, since = self._idle.get(connection, ("", unseen))
            if state != before:
                self._idle[connection] = state, unseen
            elif abs(unseen - since) > MOST_IDLE or _has_surplus(connection):  # or it was set back, who knows how far
                found.append((pool, connection))
        return found

    def close(self, loop: Any) -> Any:
        """Mark the pool as closed, and return the httpx client that is to be closed, if there is one of ours."""
        self._closed = True
        return None if self._pid != os.getpid() else self._by_loop.pop(loop, None)


def _pools_of(http: Any) -> list[Any]:
    """Return httpcore's pools of an httpx client, as far as httpx keeps them where it did."""
    transports = (getattr(http, "_transport", None), *getattr(http, "_mounts", {}).values())
    return [pool for transport in transports if (pool := getattr(transport, "_pool", None)) is not None]


def _has_surplus(connection: Any) -> bool:
    """Tell whether more came on a connection than was asked for: the next request would get it for an answer."""
    state = getattr(getattr(connection, "_connection", None), "_h11_state", None)
    return state is not None and bool(state.trailing_data[0])


def _take_sockets(http: Any) -> list[Any]:
    """Take from an httpx client the connections that a fork made common to two processes, and return them."""
    held = [getattr(pool, "_connections", []) for pool in _pools_of(http)]
    for pool in _pools_of(http):
        pool._connections = []
    return held


def _idle_connections(http: Any) -> list[tuple[Any, Any]]:
    """Return the connections of an httpx client that no request is using, each with its pool."""
    if not (pools := _pools_of(http)):
        return []
    import httpcore

    known = [pool for pool in pools if isinstance(pool, (httpcore.ConnectionPool, httpcore.AsyncConnectionPool))]
    return [(pool, connection) for pool in known for connection in pool.connections if connection.is_idle()]


def client_arguments(
    *, verify: Any, proxy: Any, transport: Any, is_loopback: bool, is_tls: bool, transport_class: Callable[..., Any]
) -> dict[str, Any]:
    """Return the arguments for ``httpx.Client`` and ``httpx.AsyncClient``.

    Raises:
        ConfigurationError: If a certificate authority or a proxy cannot be used.
    """
    arguments: dict[str, Any] = {"trust_env": False, "follow_redirects": False}
    if transport is not None:
        return {**arguments, "transport": transport}
    # A proxy may be spoken to over TLS even if the base is not.
    arguments["verify"] = ssl_context(verify if is_tls or proxy is not None else False)
    if proxy is None and is_loopback:
        return arguments
    from ._proxies import proxy_arguments  # what speaks to this machine alone needs none

    return arguments | proxy_arguments(proxy, partial(transport_class, verify=arguments["verify"]))


# --- a blocking wait that ends --------------------------------------------------------------------
_bounds = threading.local()


@contextmanager
def bounded(until: float | None) -> Iterator[None]:
    """End every wait on a socket of a `bind_to_bounds` client in this thread at ``time.monotonic() == until``."""
    before = getattr(_bounds, "until", None)
    _bounds.until = until
    try:
        yield
    finally:
        _bounds.until = before


def bind_to_bounds(http: httpx.Client) -> httpx.Client:
    """Make the sockets of a client heed `bounded`; outside of it nothing changes for anybody.

    httpx has no argument for the network backend that httpcore has one for, so it is set on the pools that httpx
    made. Should a version of httpx keep them elsewhere, or a connection be open already, what remains is httpx's
    own timeout for every read, and the check between two pieces of a body.
    """
    if not (pools := _pools_of(http)):
        return http  # such as an emulator, which needs no httpcore
    import httpcore

    for pool in pools:
        backend = getattr(pool, "_network_backend", None)
        if isinstance(backend, httpcore.NetworkBackend) and not hasattr(backend, "heeds_bounds"):
            pool._network_backend = _bounded_backend(backend)
    return http


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return [host]  # the attempt will say why
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _bounded_backend(inner: Any) -> Any:
    import httpcore

    def within(timeout: float | None, ended: type[Exception]) -> float | None:
        until = getattr(_bounds, "until", None)
        if until is None:
            return timeout
        left: float = until - time.monotonic()
        if left <= 0:
            raise ended("the attempt's time is over")
        return left if timeout is None else min(timeout, left)

    class Stream(httpcore.NetworkStream):
        def __init__(self, inner: httpcore.NetworkStream) -> None:
            self._inner = inner

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._inner.read(max_bytes, within(timeout, httpcore.ReadTimeout))

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            for start in range(0, len(buffer), 16384):  # a server that reads slowly is asked for the time again
                self._inner.write(buffer[start : start + 16384], within(timeout, httpcore.WriteTimeout))

        def close(self) -> None:
            self._inner.close()

        def start_tls(
            self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
        ) -> httpcore.NetworkStream:
            return Stream(self._inner.start_tls(ssl_context, server_hostname, within(timeout, httpcore.ConnectTimeout)))

        def get_extra_info(self, info: str) -> Any:
            return self._inner.get_extra_info(info)

    class Backend(httpcore.NetworkBackend):
        heeds_bounds = True

        def connect_tcp(
            self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any
        ) -> httpcore.NetworkStream:
            hosts = _addresses(host, port) if getattr(_bounds, "until", None) is not None else [host]
            for number, address in enumerate(hosts[:-1]):  # the socket module would give each of them the whole time
                with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                    share = (within(timeout, httpcore.ConnectTimeout) or 0.0) / (len(hosts) - number)
                    return Stream(inner.connect_tcp(address, port, share, *args, **kwargs))
            limit = within(timeout, httpcore.ConnectTimeout)
            return Stream(inner.connect_tcp(hosts[-1], port, limit, *args, **kwargs))

        def connect_unix_socket(
            self, *args: Any, timeout: float | None = None, **kwargs: Any
        ) -> httpcore.NetworkStream:
            return Stream(inner.connect_unix_socket(*args, timeout=within(timeout, httpcore.ConnectTimeout), **kwargs))

        def sleep(self, seconds: float) -> None:
            inner.sleep(within(seconds, httpcore.ConnectTimeout))

    return Backend()
