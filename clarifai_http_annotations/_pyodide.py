"""httpx transports over JavaScript's ``fetch``, for Python in WebAssembly (Pyodide): there are no sockets there.

Imported there only. Rules:

1. ``fetch`` does not tell whether a request went out. What fails or takes too long may have been carried out
   (`httpx.ReadError`, `httpx.ReadTimeout`), unless the engine says that there was nothing to connect to.
2. The key goes where it was sent: redirects are not followed, and no cookie, cache or referrer takes part.
3. Every wait ends: each with httpx's ``read`` timeout, which stands for all of them, and all with the attempt.
   Whatever ends a wait ends the request too, so that nothing goes on behind the caller's back.
   The timers are JavaScript's: Pyodide never clears one of asyncio's, and node would wait for it before it ends.
4. `Client` waits by stack switching, which lets the event loop go on; where there is none, it says so.
   Pyodide's own ``time.sleep`` does the same.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import js  # type: ignore[import-not-found]  # it is there in Pyodide only
from pyodide.ffi import (  # type: ignore[import-not-found]  # likewise
    JsException,
    can_run_sync,
    run_sync,
    to_js,
)

from .errors import ConfigurationError

SET_BY_FETCH = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent"}
"""Headers of a request that are not ours to set."""

OF_THE_WIRE = {"content-encoding", "content-length", "transfer-encoding"}
"""Headers of an answer that no longer hold, since ``fetch`` has decoded its body."""

ALONE = {"credentials": "omit", "cache": "no-store", "referrerPolicy": "no-referrer"}
"""What keeps a browser from adding to a request, or answering it itself. Some engines lack one, and throw."""

NEVER_SENT = {"ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"}
"""What node says when there was nothing to connect to. Browsers say nothing of the kind."""

LONGEST = 2e6
"""Seconds, three weeks: JavaScript's timers count no further, and end at once beyond."""

HIDDEN = "an address that the browser does not tell"


class FetchTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests of both kinds of httpx's clients by ``fetch``."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return await _Exchange(request).answer()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not can_run_sync():
            raise ConfigurationError(
                "Client cannot wait for an answer here: that needs stack switching (JSPI) of the JavaScript engine, "
                "and Python that was entered asynchronously.",
                hint="Use AsyncClient, which needs neither; or an engine that has it (node 20 to 25 with "
                "--experimental-wasm-stack-switching), and runPythonAsync or callPromising.",
            )
        request.read()
        response: httpx.Response = run_sync(_Exchange(request).answer())
        return response


class _Exchange(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A request and its answer, of which it is the body.

    Args:
        request: The request, with its body read; its extension ``seconds`` is how long it may take as a whole.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._until = time.monotonic() + min(request.extensions.get("seconds") or LONGEST, LONGEST)
        self._seconds = min(request.extensions.get("timeout", {}).get("read") or LONGEST, LONGEST)
        self._controller = js.AbortController.new()
        self._reader: Any = None

    async def answer(self) -> httpx.Response:
        """Send the request, and return what it is answered with as soon as its headers are there."""
        response = await self._wait(lambda: js.fetch(str(self._request.url), self._options()))
        if response.type == "opaqueredirect":  # a browser shows neither its status nor where it leads
            return httpx.Response(300, headers={"location": HIDDEN}, request=self._request)
        headers = [(name, value) for name, value in response.headers.entries() if name not in OF_THE_WIRE]
        if response.body:
            self._reader = response.body.getReader()
        return httpx.Response(response.status, headers=headers, stream=self, request=self._request)

    def _options(self) -> Any:
        """Return the options of ``fetch``, as JavaScript has them: so no traceback shows the key."""
        request = self._request
        options: dict[str, Any] = {"method": request.method, "redirect": "manual", "signal": self._controller.signal}
        options |= {name: value for name, value in ALONE.items() if js.Reflect.has(js.Request.prototype, name)}
        if request.content:
            options["body"] = request.content
        made = to_js(options, dict_converter=js.Object.fromEntries)
        made.headers = js.Headers.new()
        for name in request.headers:
            if name not in SET_BY_FETCH:
                made.headers.append(name, request.headers[name])
        return made

    async def _wait(self, start: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for what JavaScript promises, and end the request if that is cancelled, fails or takes too long."""
        seconds = min(self._seconds, self._until - time.monotonic())
        if seconds <= 0.0:
            self._controller.abort()
            raise self._too_late()
        timer = js.setTimeout(self._controller.abort.bind(self._controller), 1000 * seconds)
        try:
            return await start()
        except JsException as error:
            if self._controller.signal.aborted:
                raise self._too_late() from None
            self._controller.abort()
            raise _error_of(error, self._request) from None
        except BaseException:
            self._controller.abort()
            raise
        finally:
            js.clearTimeout(timer)

    def _too_late(self) -> httpx.ReadTimeout:
        return httpx.ReadTimeout("fetch got no answer in time", request=self._request)

    # --- the body of the answer ------------------------------------------------------------------

    async def _read(self) -> bytes | None:
        """Return the next piece; ``None`` at the end."""
        if self._reader is None:
            return None
        step = await self._wait(self._reader.read)
        if step.done:
            self._reader = None  # all is there: nothing is left to be ended
            return None
        piece: bytes = step.value.to_bytes()
        return piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._read()) is not None:
            yield piece
            del piece  # no traceback shows what the server said

    def __iter__(self) -> Iterator[bytes]:
        while (piece := run_sync(self._read())) is not None:
            yield piece
            del piece  # likewise

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is left of the answer."""
        if self._reader is not None:
            self._reader = None
            self._controller.abort()


def _error_of(error: Any, request: httpx.Request) -> httpx.TransportError:
    """Return the error of httpx for a ``fetch`` that failed."""
    cause = getattr(error, "cause", None)  # or JavaScript's null, which is no None; neither is true
    why = (cause and cause.message) or "a browser says why on its console only, such as CORS"
    kind = httpx.ConnectError if getattr(cause, "code", None) in NEVER_SENT else httpx.ReadError
    return kind(f"fetch failed: {error.message} ({why})", request=request)
