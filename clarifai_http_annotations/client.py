"""`Client` and `AsyncClient`: open, send, sleep, close. Everything else they share."""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

import httpx

from . import _network
from ._call import CLOSED, Timeout
from ._messages import Body, authorize, headers_of
from ._network import THIS_PROCESS, Pool, bind_to_bounds, bounded
from ._operation import Awaiting, Blocking, run
from ._rate import RateLimiter
from ._retry import Quota
from ._wire.answers import RawAnswer
from ._wire.requests import Request
from .config import NOT_GIVEN, NotGiven, check_rate, check_together, hide, resolve
from .errors import ClientClosedError, ConfigurationError
from .operations import EveryOperation

with suppress(ImportError):  # not every Python has it
    import ssl  # of use in annotations only, for who evaluates them; to import httpx has loaded it

HttpT = TypeVar("HttpT", bound="httpx.Client | httpx.AsyncClient")
TransportT = TypeVar("TransportT", bound="httpx.BaseTransport | httpx.AsyncBaseTransport")


class _Client(EveryOperation, Generic[HttpT, TransportT]):
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


class Client(Blocking, _Client[httpx.Client, httpx.BaseTransport]):
    """Posts annotations to one app over HTTP. Threads may share it.

    Every setting is an argument, or else a variable of the environment, or else a default. An empty one counts as
    none, but for ``base_url``, where it is refused.

    Args:
        pat: Personal access token; ``CLARIFAI_PAT``.
        token: Session token, instead of a PAT; ``CLARIFAI_SESSION_TOKEN``.
        user_id: Owner of the app; ``CLARIFAI_USER_ID``. ``"me"`` is the owner of the key.
        app_id: The app; ``CLARIFAI_APP_ID``.
        base_url: Where the API is; ``CLARIFAI_API_BASE``; https://api.clarifai.com. Cleartext http is
            only for this machine.
        timeout: Seconds for an attempt as a whole, or an ``httpx.Timeout``; ``None`` for no end.
        max_retries: How often a request may be sent again.
        deadline: Seconds for a call with all its retries; ``None`` for no end.
        rate: The most requests in any second, over all calls of the client and its copies (docs, "Rate
            limits": 15 a second by default); less while the server throttles. A fraction is kept to over time:
            1.9 is 2 in any 1.05 seconds. ``None`` for no limit.
        fractional_values: Whether values between 0 and 1 may be sent. The API defines only 1 and 0.
        verify: ``True``, a file or folder of certificate authorities, an ``ssl.SSLContext``, or
            ``False`` to trust anybody.
        proxy: Proxy to use instead of those of the environment.
        transport: An httpx transport, such as ``httpx.MockTransport(emulator)``.
        http_client: An httpx client, which stays yours to close.
        app_key: An app's own key, instead of a PAT; ``CLARIFAI_APP_KEY``. It needs no ``app_id`` and no
            ``user_id``: where no app is named, the one meant is the key's.

    Raises:
        ConfigurationError: If a setting is missing, or cannot be; names the argument and the variable.
            ``verify`` and ``proxy`` are looked at by the first call, which opens the connections.
    """

    _http_class = httpx.Client
    _transport_class = httpx.BaseTransport
    _network_class = httpx.HTTPTransport

    def _adopt(self, http: Any) -> Any:
        return bind_to_bounds(http)

    async def _send(self, request: Request, timeout: httpx.Timeout, seconds: float | None) -> RawAnswer:
        http = self._http(THIS_PROCESS)
        self._pool.close_idle()
        until = None if seconds is None else time.monotonic() + seconds
        with bounded(until):
            built = self._build(http, request, timeout, seconds)
            response = http.send(built, stream=True, auth=None, follow_redirects=False)
            try:
                body = Body(response)
                for piece in response.iter_bytes():
                    body.add(piece)
                    del piece  # no traceback shows what the server said
                    if until is not None and time.monotonic() > until:
                        raise httpx.ReadTimeout("the attempt's time is over")
            finally:
                response.close()
                self._pool.used(THIS_PROCESS)
        return body.answer()

    async def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def _drive(self, upload: Any, annotations: Any, perform: Any) -> Any:
        from .upload.threads import drive

        return drive(upload, annotations, lambda job: run(perform(job)), lambda seconds: run(self._sleep(seconds)))

    def close(self) -> None:
        """Close the connections; calls after this raise `ClientClosedError`."""
        http = self._close(THIS_PROCESS)
        if http is not None:
            http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> NoReturn:
        raise TypeError("Client is for 'with'; 'async with' is for AsyncClient.")

    async def __aexit__(self, *_: object) -> None: ...


class AsyncClient(Awaiting, _Client[httpx.AsyncClient, httpx.AsyncBaseTransport]):
    """The same as `Client`, for asyncio: every operation is awaited, ``list`` is iterated with ``async for``.

    Where no event loop of asyncio runs, as under trio, every call raises `ConfigurationError`.
    """

    _http_class = httpx.AsyncClient
    _transport_class = httpx.AsyncBaseTransport
    _network_class = httpx.AsyncHTTPTransport

    async def _send(self, request: Request, timeout: httpx.Timeout, seconds: float | None) -> RawAnswer:
        from ._loop import running_loop, within  # only here: a blocking program never loads asyncio

        loop = running_loop()
        http = self._http(loop)
        async with within(None if self._fetches else seconds):  # there the transport sees to it
            await self._pool.aclose_idle(loop)
            built = self._build(http, request, timeout, seconds)
            response = await http.send(built, stream=True, auth=None, follow_redirects=False)
            try:
                body = Body(response)
                async for piece in response.aiter_bytes():
                    body.add(piece)
                    del piece  # no traceback shows what the server said
            finally:
                await response.aclose()
                self._pool.used(loop)
        return body.answer()

    async def _sleep(self, seconds: float) -> None:
        from ._loop import sleep

        await sleep(seconds)

    async def _drive(self, upload: Any, annotations: Any, perform: Any) -> Any:
        from .upload.tasks import drive

        return await drive(upload, annotations, perform, self._sleep)

    async def aclose(self) -> None:
        """Close the connections of this event loop; calls after this, in any loop, raise `ClientClosedError`."""
        from ._loop import running_loop

        http = self._close(running_loop())
        if http is not None:
            await http.aclose()

    close = aclose

    async def __aenter__(self) -> Self:
        from ._loop import running_loop

        running_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    def __enter__(self) -> NoReturn:
        raise TypeError("AsyncClient is for 'async with'; 'with' is for Client.")

    def __exit__(self, *_: object) -> None: ...
