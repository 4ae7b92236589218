"""Who may ask an emulator that is served: no page of another site, in a browser on the same machine.

A page of any site can send requests to a port of the machine of whoever looks at it: a form or a plain ``fetch``
without being asked for leave, and under a name of its own that it lets lead there, even read the answers. A browser
says in ``Origin`` and ``Sec-Fetch-Site`` where a request comes from, and in ``Host`` under which name. Programs
send no ``Origin``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..config import is_loopback

METHODS = "GET, POST, PATCH, DELETE"
"""What a page of an origin that is allowed may send."""

_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^/?#@\s]+")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        hosts: Names and addresses under which the emulator is reached, in lower case, beside those of loopback.
        origins: Origins of pages, in lower case, beside the emulator's own.
        any_address: Whether it listens at all addresses of the machine, which it does not know then. No page can
            make an address its own, as it can a name.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    any_address: bool = False

    @classmethod
    def of(cls, bound: Collection[str], allow_hosts: Collection[str], allow_origins: Collection[str]) -> Access:
        """Return who may ask an emulator that is bound to a name or an address.

        Raises:
            ValueError: If what is allowed is no host, or no origin.
        """
        for argument, said in (("allow_hosts", allow_hosts), ("allow_origins", allow_origins)):
            if isinstance(said, str):
                raise ValueError(f"{argument} must be a list, not {said!r}")
        hosts = {host.lower().partition("%")[0] for host in bound if host}  # an empty one is any
        return cls(
            frozenset({*hosts, *map(checked_host, allow_hosts)}),
            frozenset(map(checked_origin, allow_origins)),
            any(_is_unspecified(host) for host in hosts),
        )

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Return why a request is refused, and what allows it; empty if it is not."""
        host, origin = headers.get("host", ""), headers.get("origin", "").lower()
        name = _name_of(host)
        if not self._is_ours(name):
            return f"the emulator is not asked under the name {name or host!r}; --allow-host (allow_hosts=) allows it"
        if origin and origin not in (f"http://{host}".lower(), *self.origins):
            return f"a page of {origin!r} may not ask the emulator; --allow-origin (allow_origins=) allows it"
        if not origin and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "a page of another origin may not ask the emulator; --allow-origin (allow_origins=) allows one"
        return ""

    def _is_ours(self, name: str) -> bool:
        return is_loopback(name) or name in self.hosts or (self.any_address and _is_address(name))

    def shared(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that let a page of an origin that is allowed read the answer; none for any other."""
        origin = headers.get("origin", "")
        if origin.lower() not in self.origins:
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": "retry-after",
            "vary": "origin",
        }

    def leave(self, method: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that give a page leave to ask, if it is what a request asks for; else none."""
        shared = self.shared(headers)
        if method != "OPTIONS" or not shared or "access-control-request-method" not in headers:
            return {}
        return {
            **shared,
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": headers.get("access-control-request-headers", "*"),
            "access-control-allow-private-network": "true",
        }


def checked_host(said: object) -> str:
    """Return a name or an address in lower case, without brackets.

    Raises:
        ValueError: If it is none, or has a port.
    """
    host = said.lower().removeprefix("[").removesuffix("]") if isinstance(said, str) else ""
    if not _HOST.fullmatch(host) or (":" in host and not _is_address(host)):
        raise ValueError(f"a host that is allowed must be a name or an address without a port, not {said!r}")
    return host


def checked_origin(said: object) -> str:
    """Return an origin in lower case.

    Raises:
        ValueError: If it is none, such as an address with a path.
    """
    origin = said.lower() if isinstance(said, str) else ""
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"an origin that is allowed must be like http://localhost:3000, not {said!r}")
    return origin


def _name_of(host: str) -> str:
    """Return the name or address of a ``Host`` without its port; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that do not close
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_unspecified(name: str) -> bool:
    return _is_address(name) and ip_address(name).is_unspecified
