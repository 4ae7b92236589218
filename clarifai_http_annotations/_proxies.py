"""Which proxies httpx is to use, so that no text of a proxy setting is repeated: it may hold a password.

Rules:

1. The variables of the environment mean what they mean to httpx.
2. What is no address of a proxy is refused by the name of the argument or the variable, and nothing of it is said.
   httpx's own errors repeat parts of it, so they are not even the context of ours.
3. An entry of ``NO_PROXY`` that httpx cannot read would end every call. It is passed over, which is said once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.request import getproxies

import httpx

from .errors import ConfigurationError

HOW = (
    "Write it like http://host:port or http://user:password@host:port, without quotes, and with %23 for #, %2F for /, "
    "%3F for ? and %40 for @ in a password."
)

logger = logging.getLogger("clarifai_http_annotations")


def proxy_arguments(proxy: object, make_transport: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments for an httpx client that say which proxy it uses.

    Args:
        proxy: The argument of a client; ``None`` for those of the environment.
        make_transport: Makes a transport of httpx for ``proxy=``.

    Raises:
        ConfigurationError: If what should be a proxy is none; names the argument or the variable.
    """
    if proxy is not None:
        return {"proxy": _proxy(proxy, "proxy=")}
    entries = [entry.strip() for entry in getproxies().get("no", "").split(",")]
    if "*" in entries:
        return {}
    of_scheme = {f"{scheme}://": _of_environment(scheme) for scheme in ("http", "https", "all")}
    mounts: dict[str, Any] = {of: make_transport(proxy=found) for of, found in of_scheme.items() if found is not None}
    patterns = {number: _pattern(entry) for number, entry in enumerate(entries, 1) if entry}
    unreadable = [number for number, pattern in patterns.items() if not _is_url(pattern)]
    if unreadable:
        _warn(_variable("no"), ", ".join(map(str, unreadable)))
    return {"mounts": mounts | {pattern: None for number, pattern in patterns.items() if number not in unreadable}}


def _of_environment(scheme: str) -> httpx.Proxy | None:
    address = getproxies().get(scheme)
    if not address:
        return None
    return _proxy(address if "://" in address else f"http://{address}", _variable(scheme))


def _proxy(given: Any, name: str) -> httpx.Proxy:
    proxy = given if isinstance(given, httpx.Proxy) else None
    with suppress(ValueError, TypeError, httpx.InvalidURL):
        url = httpx.URL(given)
        # a password that is not escaped ends the host early; then what follows is no part of an address
        is_address = url.host and not url.query and not url.fragment and "@" not in url.path
        proxy = httpx.Proxy(url) if is_address else None
    if proxy is None:
        raise ConfigurationError(
            f"{name} is no address of a proxy. It is not shown here, since it may hold a password.", hint=HOW
        )
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError(f"{name} is a SOCKS proxy, for which httpx needs socksio: pip install 'httpx[socks]'.")
    return proxy


def _variable(scheme: str) -> str:
    """Return the name of the variable that says a proxy; in small letters it counts before the other."""
    names = [name for name, value in os.environ.items() if value and name.lower() == f"{scheme}_proxy"]
    return max(names, default=f"The {scheme} proxy of the system's settings")


def _pattern(entry: str) -> str:
    """Return what httpx makes of an entry of ``NO_PROXY``."""
    if "://" in entry:
        return entry
    with suppress(ValueError):
        address = ip_address(entry.partition("/")[0])
        return f"all://[{entry}]" if address.version == 6 else f"all://{entry}"
    return f"all://{entry}" if entry.lower() == "localhost" else f"all://*{entry}"


def _is_url(text: str) -> bool:
    try:
        httpx.URL(text)
    except (httpx.InvalidURL, ValueError):  # the second of bytes that are no Unicode
        return False
    return True


@cache
def _warn(variable: str, numbers: str) -> None:
    """Say once what is passed over, by its number: it may be no host but a password."""
    logger.warning(
        "%s: entry %s cannot be read by httpx and is passed over; the others count. It can read names, .suffixes and "
        "addresses, which have no brackets here.",
        variable,
        numbers,
    )
