"""Settings: argument, then environment, then default, in one place. Nothing here prints the key."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from .errors import ConfigurationError

DEFAULT_BASE_URL = "https://api.clarifai.com"


class NotGiven(Enum):
    """The type of `NOT_GIVEN`: an argument that was left out, where ``None`` means something."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


class Secret:
    """A key that does not show: not in a repr, a log, a pickle, or the locals of a traceback."""

    __slots__ = ("_reveal",)

    _reveal: Callable[[], str]

    def __init__(self, text: str) -> None:
        self._reveal = lambda: text

    def reveal(self) -> str:
        """Return the key. Never keep what this returns in a variable."""
        return self._reveal()

    def redact(self, text: str) -> str:
        """Return the text with the key replaced, wherever it is in it."""
        return text.replace(self.reveal(), "***")

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> Any:
        raise TypeError("A key is not pickled: make the client where it is used, from the environment there.")

    def __deepcopy__(self, _: Any) -> Secret:
        return self


@dataclass(frozen=True)
class Settings:
    """What a client is made with; see `Client` for each.

    Attributes:
        key: The personal access token or the session token.
        is_token: Whether ``key`` is a session token, which goes into a header of its own.
        base_url: Origin and prefix, without a slash at the end.
        is_loopback: Whether ``base_url`` is this machine.
    """

    key: Secret
    is_token: bool
    user_id: str
    app_id: str
    base_url: str
    is_loopback: bool
    timeout: Any
    max_retries: int
    deadline: float | None
    fractional_values: bool


def resolve(
    *,
    pat: Secret | None,
    token: Secret | None,
    user_id: object,
    app_id: object,
    base_url: object,
    timeout: Any,
    max_retries: object,
    deadline: object,
    fractional_values: object,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of a client; an empty text counts as not given, as in Clarifai's own SDK.

    Raises:
        ConfigurationError: If one is missing or cannot be; names argument and variable.
    """
    environ = os.environ if environ is None else environ
    if pat is not None and token is not None:
        raise ConfigurationError("pat= and token= are two ways to say who you are: give one of them.")
    if pat is None and token is None:
        pat = secret(environ.get("CLARIFAI_PAT"), "CLARIFAI_PAT")
        token = secret(environ.get("CLARIFAI_SESSION_TOKEN"), "CLARIFAI_SESSION_TOKEN") if pat is None else None
    key = pat or token
    if key is None:
        raise ConfigurationError(
            "There is no key: give pat= or set CLARIFAI_PAT.",
            hint="A personal access token is made at https://clarifai.com/settings/security. "
            "To try things out without one, use clarifai_http_annotations.testing.Emulator.",
        )
    base, is_loopback = check_base_url(base_url or environ.get("CLARIFAI_API_BASE") or DEFAULT_BASE_URL)
    return Settings(
        key=key,
        is_token=pat is None,
        user_id=_name(user_id or environ.get("CLARIFAI_USER_ID"), "user_id", "CLARIFAI_USER_ID"),
        app_id=_name(app_id or environ.get("CLARIFAI_APP_ID"), "app_id", "CLARIFAI_APP_ID"),
        base_url=base,
        is_loopback=is_loopback,
        timeout=check_timeout(timeout),
        max_retries=_count(max_retries, "max_retries"),
        deadline=check_deadline(deadline),
        fractional_values=_flag(fractional_values, "fractional_values"),
    )


def secret(text: object, name: str) -> Secret | None:
    """Wrap a key; ``None`` and empty text are no key, spaces around it are dropped.

    Raises:
        ConfigurationError: If it cannot be a key; says why without showing it.
    """
    if isinstance(text, Secret):
        return text
    wrapped, kind = Secret(text.strip() if isinstance(text, str) else ""), type(text).__name__
    is_text, text = isinstance(text, str) or text is None, None  # no frame keeps the key from here on
    if not is_text:
        raise ConfigurationError(f"{name} must be text, not {kind}.")
    if not wrapped.reveal():
        return None
    if wrapped.reveal().lower().startswith(("key ", "bearer ")):
        raise ConfigurationError(f"{name} must be the key alone, without the word before it.")
    if not (wrapped.reveal().isascii() and wrapped.reveal().isprintable() and " " not in wrapped.reveal()):
        raise ConfigurationError(f"{name} is no key: it holds a space, a control character or a letter outside ASCII.")
    return wrapped


def check_base_url(text: object) -> tuple[str, bool]:
    """Return a base URL in its plain form, and whether it is this machine.

    Without a scheme it is https. A ``/v2`` at its end is dropped, since every path begins with it.

    Raises:
        ConfigurationError: If it is no URL, or would send the key in clear text.
    """
    if not isinstance(text, str):
        raise ConfigurationError(f"base_url must be text, not {type(text).__name__}.")
    url = text.strip()
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, has_user, _ = parts.hostname or "", "@" in parts.netloc, parts.port
        parts.netloc.encode("ascii")
    except ValueError:  # a port that is none, a broken address, a name that is not in punycode
        raise ConfigurationError("base_url (CLARIFAI_API_BASE) is no URL.") from None
    if has_user:
        raise ConfigurationError("base_url (CLARIFAI_API_BASE) must not hold a user name or a password.")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or not url.isprintable():
        raise ConfigurationError(
            f"base_url (CLARIFAI_API_BASE) must be like {DEFAULT_BASE_URL}, with https and a host, not {text!r}."
        )
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise ConfigurationError(
            f"base_url (CLARIFAI_API_BASE) {text!r} would send the key in clear text.",
            hint="Use https; http is only for this machine (localhost, 127.0.0.1, [::1]).",
        )
    path = parts.path.rstrip("/").removesuffix("/v2").rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), loopback


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_timeout(value: Any) -> Any:
    """Return a timeout: positive seconds, an ``httpx.Timeout``, or ``None`` for no end.

    Raises:
        ConfigurationError: If it is something else.
    """
    if value is None or type(value).__name__ == "Timeout":
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ConfigurationError(f"timeout must be seconds above 0, an httpx.Timeout or None, not {value!r}.")
    return float(value)


def check_deadline(value: object) -> float | None:
    """Return a deadline in seconds, or ``None`` for no end; one that is over already may be 0 or less.

    Raises:
        ConfigurationError: If it is something else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value - value != 0:
        raise ConfigurationError(f"deadline must be seconds or None, not {value!r}.")
    return float(value)


def _name(value: object, argument: str, variable: str) -> str:
    if value is None or value == "":
        me = ' ("me" is the owner of the key)' if argument == "user_id" else ""
        raise ConfigurationError(f"There is no {argument}: give {argument}= or set {variable}{me}.")
    if not isinstance(value, str):
        raise ConfigurationError(f"{argument} must be text, not {type(value).__name__}.")
    return value


def _count(value: object, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"{argument} must be 0 or more, not {value!r}.")
    return value


def _flag(value: object, argument: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{argument} must be True or False, not {value!r}.")
    return value
