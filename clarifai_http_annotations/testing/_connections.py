"""A watch over the connections that this process begins, for those that would pass an emulator by.

Rules:

1. What is watched is what leaves the process: an audit hook is called where the interpreter looks up a name or
   connects a socket, also by a function that was imported before, or under a plugin that replaced one. A mock that
   answers without a socket is never seen, and so needs no exception.
2. A hook cannot be removed, so there is one, which does nothing unless a watch is open.
3. It sees too little in two places, whose methods are wrapped while a watch is open: a name that is given to
   ``socket.connect`` is looked up before the hook is called; loops of asyncio look up names in a thread, which does
   not show who asked, or (uvloop, if it is loaded by then) by themselves.
4. What has sockets of its own (gRPC, curl) is not seen. What another plugin refuses earlier has that one's error.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv6Address, ip_address
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..config import is_loopback

LOOK_UPS = {"socket.getaddrinfo", "socket.gethostbyname"}
"""Events whose arguments begin with a name, and perhaps a port."""

CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
"""Events whose arguments are a socket and an address."""

PORTS = {"http": 80, "https": 443}

THIS_MACHINE = "localhost"
"""What every name and address of this machine's own counts as."""

LIBRARIES = frozenset(
    {
        *("aiohttp", "clarifai", "clarifai_grpc", "http", "httpcore", "httpcore2", "httplib2", "httpx", "httpx2"),
        *("niquests", "requests", "tornado", "twisted", "urllib", "urllib3", "websockets"),
    }
)
"""Packages that speak HTTP. One may stand on another: the one that was called is named."""

BELOW = frozenset({"anyio", "asyncio", "trio"})
"""What they stand on, which is named if none of them is there."""

NAMES = {"http": "http.client", "urllib": "urllib.request"}

_PYTHON = ("<frozen", sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_INSTALLED = ("site-packages", "dist-packages")


class Connection(NamedTuple):
    """A connection that is about to begin.

    Attributes:
        host: The name or address that was asked for.
        port: Its port, if it is known by then.
        library: What asks for it.
    """

    host: str
    port: int | None
    library: str

    def __str__(self) -> str:
        return f"{self.library} to {self.host}" + ("" if self.port is None else f":{self.port}")


class Target(NamedTuple):
    """Connections that are watched: to a host (at a port, if there is one), or to whatever is below a domain."""

    host: str
    port: int | None = None
    is_domain: bool = False

    @classmethod
    def of_url(cls, url: str) -> Target:
        """Return where a URL leads."""
        parts = urlsplit(url)
        return cls(_plain(parts.hostname or ""), parts.port or PORTS[parts.scheme])

    def takes(self, host: str, port: int | None) -> bool:
        """Tell whether a connection to a host, in its plain form, is one of these."""
        if self.is_domain and host.endswith(f".{self.host}"):
            return True
        if host != self.host:
            return False
        if port is None:  # a look-up without a port tells nothing of this machine, where much else may listen
            return self.host != THIS_MACHINE
        return self.port in (None, port)


Refuse = Callable[[Connection], None]
"""Told a connection before it begins, which it prevents by raising."""

_watches: list[tuple[Callable[[], Iterable[Target]], Refuse]] = []
_is_installed = False


@contextmanager
def watched(targets: Callable[[], Iterable[Target]], refuse: Refuse) -> Iterator[None]:
    """Call a function for every connection to some targets, as long as the context is open.

    Args:
        targets: Asked for each connection, since they may change meanwhile.
        refuse: Called in the thread that connects.
    """
    global _is_installed
    if not _is_installed:
        sys.addaudithook(_hook)
        _is_installed = True
    watch = (targets, refuse)
    with ExitStack() as stack:
        _watches.append(watch)
        stack.callback(_watches.remove, watch)
        for method in ("connect", "connect_ex"):
            _wrap_connect(method, stack)
        _wrap_loops(stack)
        yield


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    __tracebackhide__ = True  # of pytest: what is of interest is who connects
    if not _watches or not event.startswith("socket."):
        return
    if event in LOOK_UPS:
        _look_at(*arguments[:2])
    elif event in CONNECTIONS:
        _look_at_address(arguments[1])


def _look_at_address(address: object) -> None:
    __tracebackhide__ = True
    if isinstance(address, tuple):  # others are of no network
        _look_at(*address[:2])


def _look_at(host: object, port: object = None, *, below: str = "socket") -> None:
    __tracebackhide__ = True
    name = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else host
    if not isinstance(name, str):
        return
    plain, number = _plain(name), _number(port)
    for targets, refuse in tuple(_watches):
        if any(target.takes(plain, number) for target in targets()):
            refuse(Connection(name, number, _library_of(sys._getframe(1), below)))


def _plain(host: str) -> str:
    """Return a name or an address in the one form in which it is compared."""
    name = host.lower().rstrip(".").partition("%")[0]
    try:
        address = ip_address(name)
    except ValueError:
        return THIS_MACHINE if is_loopback(name) else name
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return THIS_MACHINE if address.is_loopback else str(address)


def _number(port: object) -> int | None:
    if isinstance(port, bytes):
        port = port.decode("ascii", "replace")
    if isinstance(port, str):
        return int(port) if port.isdecimal() else PORTS.get(port)
    return port if isinstance(port, int) and port else None


# --- who asks ------------------------------------------------------------------------------------


def _library_of(frame: FrameType | None, below: str) -> str:
    """Return the library that was called: the one nearest to what is not installed, which is the user's code."""
    found = None
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package in LIBRARIES:
            found = package
        elif package in BELOW and below == "socket":
            below = package
        elif package == "_pytest" or _is_code_of_the_user(frame):
            break
        frame = frame.f_back
    return below if found is None else NAMES.get(found, found)


def _is_code_of_the_user(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file != __file__ and not file.startswith(_PYTHON) and not any(folder in file for folder in _INSTALLED)


# --- what the hook sees too little of ------------------------------------------------------------


def _wrap_connect(method: str, stack: ExitStack) -> None:
    # The interpreter's own class: what a plugin has put in its place may connect nothing, or is derived from it.
    kinds = [kind for kind in socket.socket.__mro__ if socket.SocketType in kind.__bases__]
    if not kinds:
        return
    connect = getattr(kinds[0], method)

    def wrapper(self: socket.socket, address: Any) -> Any:
        __tracebackhide__ = True
        if _watches:
            _look_at_address(address)
        return connect(self, address)

    _replace(kinds[0], method, wrapper, stack)


def _wrap_loops(stack: ExitStack) -> None:
    loops: list[Any] = [asyncio.BaseEventLoop]
    if "uvloop" in sys.modules:
        loops.append(sys.modules["uvloop"].Loop)  # which looks up and connects by itself
    for loop in loops:
        _wrap_coroutine(loop, "getaddrinfo", 0, stack)
        _wrap_coroutine(loop, "create_connection", 1, stack)


def _wrap_coroutine(loop: Any, method: str, first: int, stack: ExitStack) -> None:
    """Wrap a method that takes a host and a port, of which the host is the argument with that number."""
    coroutine = getattr(loop, method)

    async def wrapper(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if _watches:
            named = [options[name] for name in ("host", "port") if name in options]
            _look_at(*(*arguments[first : first + 2], *named, None)[:2], below="asyncio")
        return await coroutine(self, *arguments, **options)

    _replace(loop, method, wrapper, stack)


def _replace(owner: type, method: str, wrapper: Any, stack: ExitStack) -> None:
    """Replace a method until the end of a stack, unless somebody else has replaced it again by then."""
    own = vars(owner).get(method)  # None if it is inherited

    def restore() -> None:
        if vars(owner).get(method) is not wrapper:
            return
        if own is None:
            delattr(owner, method)
        else:
            setattr(owner, method, own)

    setattr(owner, method, wrapper)
    stack.callback(restore)
