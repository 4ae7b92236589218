"""Settings: argument, then environment, then default, in one place. Nothing here prints the key."""

import os
import re
from collections.abc import Callable, Mapping
from enum import Enum
from ipaddress import ip_address
from typing import Final, NamedTuple, cast
from urllib.parse import urlsplit, urlunsplit

import httpx

from ._secret import Secret, check_quotes, find_key
from .errors import ConfigurationError

LONGEST = 1e8
"""Seconds, three years: sockets cannot count for much longer than that."""

DEFAULT_BASE_URL = "https://api.clarifai.com"


# a name (in punycode) or an address, and a port: nothing that two parsers could read in two ways
_PLACE = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")


class NotGiven(Enum):
    """The type of `NOT_GIVEN`: an argument that was left out, where ``None`` means something."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


class Settings(NamedTuple):
    """What a client is made with; see `Client` for each.

    Attributes:
        key: The personal access token, the session token or the app's own key.
        kind_of_key: The argument that ``key`` is: ``"pat"``, ``"token"`` or ``"app_key"``, with which ``user_id`` and
            ``app_id`` may both be empty.
        base_url: Origin and prefix, without a slash at the end.
        is_loopback: Whether ``base_url`` is this machine.
    """

    key: Secret
    kind_of_key: str
    user_id: str
    app_id: str
    base_url: str
    is_loopback: bool
    timeout: float | httpx.Timeout | None
    max_retries: int
    deadline: float | None
    fractional_values: bool

    @property
    def is_token(self) -> bool:
        """Whether the key is a session token, which goes into a header of its own."""
        return self.kind_of_key == "token"


def resolve(
    keys: Mapping[str, Secret | None],
    *,
    user_id: object,
    app_id: object,
    base_url: object,
    timeout: object,
    max_retries: object,
    deadline: object,
    fractional_values: object,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of a client.

    An empty text counts as not given, as in Clarifai's own SDK; but not for the server, since labels that are meant
    for another would go to Clarifai's.

    Raises:
        ConfigurationError: If one is missing or cannot be; names argument and variable.
    """
    variable = _variables(environ)
    kind_of_key, key = find_key(keys, variable)
    user_of_argument, user_id = user_id, _given(user_id, variable("CLARIFAI_USER_ID"))
    app_id = _given(app_id, variable("CLARIFAI_APP_ID"))
    if kind_of_key == "app_key" and _is_blank(app_id):
        if user_of_argument:
            raise ConfigurationError(
                "user_id= without app_id= names no app: give both, or none, since the app of app_key= is the key's."
            )
        user_id, app_id = "", ""
    else:
        _check_that_nothing_is_missing(key, user_id, app_id)
    base, is_loopback = check_base_url(
        variable("CLARIFAI_API_BASE", DEFAULT_BASE_URL) if base_url is None else base_url
    )
    return Settings(
        key=cast("Secret", key),
        kind_of_key=kind_of_key,
        user_id=_name(user_id, "user_id (CLARIFAI_USER_ID)"),
        app_id=_name(app_id, "app_id (CLARIFAI_APP_ID)"),
        base_url=base,
        is_loopback=is_loopback,
        timeout=check_timeout(timeout),
        max_retries=_count(max_retries, "max_retries"),
        deadline=check_deadline(deadline),
        fractional_values=_flag(fractional_values, "fractional_values"),
    )


def _given(argument: object, variable: str) -> object:
    return variable if argument is None or argument == "" else argument


def _variables(environ: Mapping[str, str] | None) -> Callable[..., str]:
    """Return a reader of the environment that shows nothing of it in a traceback."""
    source = os.environ if environ is None else environ
    return lambda name, default="": source.get(name, default).strip()


def check_base_url(text: object) -> tuple[str, bool]:
    """Return a base URL in its plain form, and whether it is this machine.

    Without a scheme it is https. A ``/v2`` at its end is dropped, since every path begins with it.

    Raises:
        ConfigurationError: If it is no URL, or would send the key in clear text.
    """
    if not isinstance(text, str):
        raise ConfigurationError(f"base_url must be text, not {type(text).__name__}.")
    url = text.strip()
    if not url:
        raise ConfigurationError(
            "base_url (CLARIFAI_API_BASE) is given and empty.",
            hint=f"Leave it out, and the variable unset, for {DEFAULT_BASE_URL}; or say where the API is.",
        )
    check_quotes(url, "base_url (CLARIFAI_API_BASE)")
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, has_user, _ = parts.hostname or "", "@" in parts.netloc, parts.port
    except ValueError:  # a port that is none, a broken address
        raise ConfigurationError("base_url (CLARIFAI_API_BASE) is no URL.") from None
    if has_user:
        raise ConfigurationError("base_url (CLARIFAI_API_BASE) must not hold a user name or a password.")
    if (
        parts.scheme not in ("http", "https")
        or not _PLACE.fullmatch(parts.netloc)
        or parts.query
        or parts.fragment
        or not url.isprintable()
    ):
        raise ConfigurationError(
            f"base_url (CLARIFAI_API_BASE) must be like {DEFAULT_BASE_URL}, with https and a host, not {text!r}."
        )
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise ConfigurationError(
            f"base_url (CLARIFAI_API_BASE) {text!r} would send the key in clear text.",
            hint="Use https; http is only for this machine (localhost, 127.0.0.1, [::1]).",
        )
    path = parts.path.rstrip("/").removesuffix("/v2").rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), loopback


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address is this machine's alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_timeout(value: object) -> float | httpx.Timeout | None:
    """Return a timeout: positive seconds, an ``httpx.Timeout``, or ``None`` for no end.

    Raises:
        ConfigurationError: If it is something else.
    """
    if value is None or isinstance(value, httpx.Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST:
        raise ConfigurationError(
            f"timeout must be seconds, more than 0 and at most {LONGEST:g}, an httpx.Timeout or None, not {value!r}."
        )
    return float(value)


def check_deadline(value: object) -> float | None:
    """Return a deadline in seconds, or ``None`` for no end; one that is over already may be 0 or less.

    Raises:
        ConfigurationError: If it is something else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value <= LONGEST:
        raise ConfigurationError(f"deadline must be seconds or None, not {value!r}.")
    return float(value)


def check_rate(value: object) -> float | None:
    """Return a rate limit in requests a second, or ``None`` for none.

    Raises:
        ConfigurationError: If it is something else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value <= LONGEST:
        raise ConfigurationError(f"rate must be requests a second, above 0, or None for no limit, not {value!r}.")
    return float(value)


def check_together(
    *, verify: object, proxy: object, transport: object, http_client: object, in_webassembly: bool
) -> None:
    """Refuse settings of the connections that cannot be heeded together, or where this runs.

    Raises:
        ConfigurationError: If one has settings of its own, or in WebAssembly, for ``verify`` and ``proxy``.
    """
    is_said = proxy is not None or verify is not True
    if http_client is not None and (transport is not None or is_said):
        raise ConfigurationError("http_client= has its own verify, proxy and transport: give them to it instead.")
    if transport is not None and is_said:
        raise ConfigurationError("transport= has its own verify and proxy: give them to it instead.")
    if in_webassembly and is_said:
        raise ConfigurationError(
            "verify= and proxy= cannot be heeded in WebAssembly: JavaScript opens the connections there.",
            hint="Leave them out; the browser or the runtime has settings of its own.",
        )


def _check_that_nothing_is_missing(key: Secret | None, user_id: object, app_id: object) -> None:
    settings = [
        (key is None, "There is no key: give pat= or set CLARIFAI_PAT."),
        (
            _is_blank(user_id),
            'There is no user_id: give user_id= or set CLARIFAI_USER_ID ("me" is the owner of the key).',
        ),
        (_is_blank(app_id), "There is no app_id: give app_id= or set CLARIFAI_APP_ID; app_key= needs none."),
    ]
    if missing := [sentence for is_missing, sentence in settings if is_missing]:
        raise ConfigurationError(
            " ".join(missing),
            hint="To try things out without any of them, use clarifai_http_annotations.testing.Emulator.",
        )


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _name(value: object, argument: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{argument} must be text, not {type(value).__name__}.")
    name = value.strip()
    check_quotes(name, argument)
    if name in (".", ".."):
        raise ConfigurationError(f"{argument} {name!r} cannot be part of a URL: it would mean another place.")
    return name


def _count(value: object, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"{argument} must be 0 or more, not {value!r}.")
    return value


def _flag(value: object, argument: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{argument} must be True or False, not {value!r}.")
    return value
