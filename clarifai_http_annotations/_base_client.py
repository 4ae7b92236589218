"""What `Client` and `AsyncClient` are: settings, a pool of connections, a quota of retries, a rate limit."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Generic, NoReturn, Self, TypeVar

import httpx

from . import _network
from ._call import CLOSED, Timeout
from ._messages import authorize, headers_of
from ._network import Pool
from ._rate import RateLimiter
from ._retry import Quota
from ._secret import hide
from ._wire.requests import Request
from .config import NOT_GIVEN, NotGiven, check_rate, check_together, resolve
from .errors import ClientClosedError, ConfigurationError
from .operations import EveryOperation

with suppress(ImportError):  # not every Python has it
    import ssl  # of use in annotations only, for who evaluates them; to import httpx has loaded it

HttpT = TypeVar("HttpT", bound="httpx.Client | httpx.AsyncClient")
TransportT = TypeVar("TransportT", bound="httpx.BaseTransport | httpx.AsyncBaseTransport")


class BaseClient(EveryOperation, Generic[HttpT, TransportT]):
    """What both clients are: settings, a pool of connections, a quota of retries."""

    _http_class: type[Any]
    _transport_class: type[Any]
    _network_class: type[Any]

    def __init__(
        self,
        *,
        pat: str | None = None,
        token: str | None = None,
        user_id: str | None = None,
        app_id: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = 60.0,
        max_retries: int = 4,
        deadline: float | None = 180.0,
        rate: float | None = 15.0,
        fractional_values: bool = False,
        verify: ssl.SSLContext | str | bool = True,
        proxy: str | httpx.URL | httpx.Proxy | None = None,
        transport: TransportT | None = None,
        http_client: HttpT | None = None,
        app_key: str | None = None,
    ) -> None:
        keys = {"pat": hide(pat), "token": hide(token), "app_key": hide(app_key)}
        del pat, token, app_key  # no traceback holds them from here on
        settings = resolve(
            keys,
            user_id=user_id,
            app_id=app_id,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            deadline=deadline,
            fractional_values=fractional_values,
        )
        arguments = {"verify": verify, "proxy": proxy, "transport": transport}
        check_together(**arguments, http_client=http_client, in_webassembly=_network.IN_WEBASSEMBLY)
        self._refuse_other_kind(http_client, self._http_class, "http_client")
        self._refuse_other_kind(transport, self._transport_class, "transport")
        self._fetches = _network.IN_WEBASSEMBLY and http_client is None and transport is None
        self._pool = Pool(lambda: self._open(arguments), None if http_client is None else self._adopt(http_client))
        self._quota = Quota()
        self._limiter = RateLimiter(check_rate(rate))
        self._owner = True
        self._closed = False
        self._settings = settings

    def _refuse_other_kind(self, given: object, kind: type[Any], argument: str) -> None:
        if given is not None and not isinstance(given, kind):
            raise ConfigurationError(
                f"{argument} of {type(self).__name__} must be an httpx.{kind.__name__}, not {type(given).__name__}.",
                hint="A function from request to response is wrapped as httpx.MockTransport(it)."
                if callable(given)
                else None,
            )

    def _adopt(self, http: Any) -> Any:
        return http

    def _open(self, arguments: dict[str, Any]) -> Any:
        settings = self._settings
        if self._fetches:
            from ._pyodide import FetchTransport  # there only

            arguments = {**arguments, "transport": FetchTransport()}
        given = _network.client_arguments(
            **arguments,
            is_loopback=settings.is_loopback,
            is_tls=settings.base_url.startswith("https:"),
            transport_class=self._network_class,
        )
        return self._adopt(self._http_class(**given))

    def with_options(
        self,
        *,
        pat: str | None = None,
        token: str | None = None,
        user_id: str | None = None,
        app_id: str | None = None,
        timeout: Timeout = NOT_GIVEN,
        max_retries: int | NotGiven = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        fractional_values: bool | NotGiven = NOT_GIVEN,
        app_key: str | None = None,
    ) -> Self:
        """Return a copy with other settings that shares the connections, the retry quota and the rate limit.

        Closing the copy leaves the connections open; closing the client that was copied closes
        them for both.

        Raises:
            ConfigurationError: If a setting cannot be.
        """
        keys = {"pat": hide(pat), "token": hide(token), "app_key": hide(app_key)}
        del pat, token, app_key  # no traceback holds them from here on
        old = self._settings
        if not any(keys.values()):
            keys = {old.kind_of_key: old.key}
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._settings = resolve(
            keys,
            user_id=user_id or old.user_id,
            app_id=app_id or old.app_id,
            base_url=old.base_url,
            timeout=old.timeout if timeout is NOT_GIVEN else timeout,
            max_retries=old.max_retries if max_retries is NOT_GIVEN else max_retries,
            deadline=old.deadline if deadline is NOT_GIVEN else deadline,
            fractional_values=old.fractional_values if fractional_values is NOT_GIVEN else fractional_values,
        )
        copy._owner = False
        return copy

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
        return self._closed or self._pool.is_closed

    def _http(self, loop: Any) -> Any:
        if self.is_closed:
            raise ClientClosedError(CLOSED)
        return self._pool.http(loop)

    def _close(self, loop: Any) -> Any:
        self._closed = True
        return self._pool.close(loop) if self._owner else None

    def _build(self, http: Any, request: Request, timeout: httpx.Timeout, seconds: float | None) -> httpx.Request:
        built: httpx.Request = http.build_request(
            request.method,
            self._settings.base_url + request.path,
            content=request.body,
            headers=headers_of(request),
            timeout=timeout,
        )
        if not self._pool.is_injected:
            built.headers.pop("cookie", None)  # set for one key, it must not go along with another
        if self._fetches:
            built.extensions["seconds"] = seconds
        authorize(built, self._settings)
        return built

    def __repr__(self) -> str:
        settings = vars(self).get("_settings")
        if settings is None:  # seen in the traceback of a client that could not be made
            return f"{type(self).__name__}(not made)"
        where = f"user_id={settings.user_id!r}, app_id={settings.app_id!r}, base_url={settings.base_url!r}"
        return f"{type(self).__name__}({where}{', closed' if self.is_closed else ''})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A {type(self).__name__} holds a key and connections and is not pickled or copied: make one where it is "
            "used, from the environment there; with_options() makes a copy that shares the connections."
        )
