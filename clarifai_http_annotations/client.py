"""`Client` and `AsyncClient`: how each sends, sleeps and closes. Everything else they share."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx

from ._base_client import BaseClient
from ._messages import Body
from ._network import THIS_PROCESS, bind_to_bounds, bounded
from ._operation import Awaiting, Blocking, run
from ._wire.answers import RawAnswer
from ._wire.requests import Request


class Client(Blocking, BaseClient[httpx.Client, httpx.BaseTransport]):
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


class AsyncClient(Awaiting, BaseClient[httpx.AsyncClient, httpx.AsyncBaseTransport]):
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
