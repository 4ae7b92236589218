"""The transport over ``fetch``, with a JavaScript of a few lines; `tests/places/pyodide` has the real one."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest
from js_null import JS_NULL

import clarifai_http_annotations as package
from clarifai_http_annotations import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncClient,
    Client,
    ConfigurationError,
    _network,
)
from clarifai_http_annotations.testing import Emulator

KEY = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
OK = json.dumps({"status": {"code": 10000}, "annotations": []}).encode()
ADDRESS = "https://api.clarifai.com/v2/users/me/apps/app"


# --- a JavaScript of a few lines ------------------------------------------------------------------


class JsError(Exception):
    """What JavaScript throws, as Pyodide shows it."""

    def __init__(self, message: str, cause: object = None) -> None:
        super().__init__(message)
        self.message, self.cause = message, cause


class Headers(list[tuple[str, str]]):
    def append(self, name: str, value: str) -> None:  # type: ignore[override]  # as JavaScript has it
        super().append((name, value))

    def entries(self) -> Iterator[tuple[str, str]]:
        return iter(self)


class Silence:
    """No answer, until the request is ended; as long as a busy machine could need for that."""

    async def __call__(self, signal: Any) -> Any:
        for _ in range(5000):
            if signal.aborted:
                raise JsError("This operation was aborted")
            await asyncio.sleep(0.001)
        raise AssertionError("nobody ended it")


SILENT = Silence()


class Response:
    """An answer whose body comes in pieces: bytes, an exception, silence, or a space after so many seconds."""

    def __init__(self, status: int = 200, *pieces: Any, type: str = "basic", **headers: str) -> None:
        self.status, self.type = status, type
        self.headers = Headers((name.replace("_", "-"), value) for name, value in headers.items())
        self.signal: Any = None
        self._pieces = list(pieces)
        self.body: Any = SimpleNamespace(getReader=lambda: self) if pieces else None

    async def read(self) -> Any:
        if not self._pieces:
            return SimpleNamespace(done=True, value=None)
        piece = self._pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        if isinstance(piece, Silence):
            await piece(self.signal)
        if isinstance(piece, float):
            await asyncio.sleep(piece)
            piece = b" "
        if self.signal.aborted:
            raise JsError("This operation was aborted")
        return SimpleNamespace(done=False, value=SimpleNamespace(to_bytes=lambda: piece))


class JavaScript:
    """Answers each fetch with the next of ``answers``: a response, an exception, or `SILENT`.

    Attributes:
        asked: URL and options of each fetch.
        lacks: Options that this engine does not have.
        switches: Whether it has stack switching.
        aborted: How often a request was ended.
        timers: Those that are running.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Any]] = []
        self.lacks: set[str] = set()
        self.switches = True
        self.aborted = 0
        self.timers: set[asyncio.TimerHandle] = set()

    def fetch(self, url: str, options: Any) -> Awaitable[Any]:
        self.asked.append((url, options))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer

        async def answered() -> Any:
            if isinstance(answer, Silence):
                await answer(options.signal)
            answer.signal = options.signal
            return answer

        return answered()

    def controller(self) -> Any:
        signal = SimpleNamespace(aborted=False)

        class Abort:
            def __call__(_) -> None:  # noqa: N805 # a function of JavaScript, which has `bind`
                self.aborted += not signal.aborted
                signal.aborted = True

            def bind(self, _: object) -> Abort:
                return self

        return SimpleNamespace(signal=signal, abort=Abort())

    def set_timeout(self, callback: Callable[[], None], milliseconds: float) -> asyncio.TimerHandle:
        assert milliseconds < 2**31, "JavaScript would take it for 1"
        timer = asyncio.get_running_loop().call_later(milliseconds / 1000, callback)
        self.timers.add(timer)
        return timer

    def clear_timeout(self, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self.timers.discard(timer)

    def run_sync(self, awaitable: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await awaitable

        return asyncio.run(wait())

    def modules(self) -> dict[str, ModuleType]:
        js, pyodide, ffi = ModuleType("js"), ModuleType("pyodide"), ModuleType("pyodide.ffi")
        has = SimpleNamespace(has=lambda _, name: name not in self.lacks)
        vars(js).update(fetch=self.fetch, Headers=SimpleNamespace(new=Headers), Reflect=has)
        vars(js).update(setTimeout=self.set_timeout, clearTimeout=self.clear_timeout)
        vars(js).update(AbortController=SimpleNamespace(new=self.controller))
        vars(js).update(Request=SimpleNamespace(prototype=None), Object=SimpleNamespace(fromEntries=None))
        vars(ffi).update(JsException=JsError, run_sync=self.run_sync, can_run_sync=lambda: self.switches)
        vars(ffi).update(to_js=lambda options, dict_converter: SimpleNamespace(**options))
        return {"js": js, "pyodide": pyodide, "pyodide.ffi": ffi}


@pytest.fixture
def javascript(monkeypatch: pytest.MonkeyPatch) -> Iterator[JavaScript]:
    javascript = JavaScript()
    for name, module in javascript.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(_network, "IN_WEBASSEMBLY", True)
    yield javascript
    assert not javascript.timers
    sys.modules.pop("clarifai_http_annotations._pyodide", None)  # it holds this JavaScript
    vars(package).pop("_pyodide", None)


@pytest.fixture
def client(connect: Callable[..., Any], javascript: JavaScript) -> Any:
    return connect(pat=KEY, max_retries=0)


def listed(client: Any) -> list[Any]:
    return list(client.list())


# --- requests -------------------------------------------------------------------------------------


def test_a_request_goes_by_fetch_without_the_headers_that_are_not_ours_to_set(
    client: Any, javascript: JavaScript
) -> None:
    javascript.answers = [Response(200, OK)]
    client.delete_all_of_inputs(["in-1"])
    [(url, options)] = javascript.asked
    assert (url, options.method) == (f"{ADDRESS}/annotations", "DELETE")
    assert "in-1" in options.body.decode()
    headers = dict(options.headers)
    assert headers.pop("authorization") == f"Key {KEY}"
    assert headers.pop("x-clarifai-request-id-prefix")
    assert headers == {"accept": "application/json", "content-type": "application/json"}


def test_a_request_without_a_body_has_none(client: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(200, OK)]
    assert listed(client) == []
    assert not hasattr(javascript.asked[0][1], "body"), "fetch refuses a GET with one"


def test_nothing_is_added_to_a_request_and_no_redirect_followed(client: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(200, OK)]
    listed(client)
    asked = vars(javascript.asked[0][1])
    assert (asked["redirect"], asked["credentials"]) == ("manual", "omit")
    assert (asked["cache"], asked["referrerPolicy"]) == ("no-store", "no-referrer")


def test_an_option_that_an_engine_lacks_is_left_out_since_it_would_throw(client: Any, javascript: JavaScript) -> None:
    javascript.lacks = {"credentials", "cache", "referrerPolicy"}
    javascript.answers = [Response(200, OK)]
    listed(client)
    asked = vars(javascript.asked[0][1])
    assert not asked.keys() & javascript.lacks
    assert asked["redirect"] == "manual"


# --- answers --------------------------------------------------------------------------------------


def test_an_answer_is_read_as_fetch_decoded_it(client: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(200, OK[:9], OK[9:], content_encoding="gzip", content_length="3")]
    assert listed(client) == []
    assert javascript.aborted == 0


def test_headers_of_an_answer_arrive(client: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(429, b"{}", retry_after="7")]
    with pytest.raises(APIStatusError) as caught:
        listed(client)
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_that_an_engine_shows_is_an_error_as_elsewhere(
    client: Any, javascript: JavaScript, status: int
) -> None:
    javascript.answers = [Response(status, location="https://evil.example/")]
    with pytest.raises(APIStatusError, match=r"a redirect to 'https://evil.example/'. .* only to base_url=") as caught:
        listed(client)
    assert caught.value.status_code == status


def test_so_is_a_redirect_that_a_browser_hides(connect: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(0, type="opaqueredirect")]
    with pytest.raises(APIStatusError, match=r"a redirect to 'an address that the browser does not tell'") as caught:
        listed(connect())
    assert caught.value.attempts == 1
    assert not caught.value.maybe_done


def test_an_answer_without_a_body_is_empty(client: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(204)]
    with pytest.raises(APIConnectionError, match="HTTP 204"):
        listed(client)


def test_what_is_left_of_an_answer_that_is_too_long_is_not_read(
    client: Any, javascript: JavaScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clarifai_http_annotations._messages.MAX_BYTES", 10)
    javascript.answers = [Response(200, b"12345678", b"90123", b"456")]
    with pytest.raises(APIConnectionError, match="answered with more than"):
        listed(client)
    assert javascript.aborted == 1


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["fetch", "fetch throws", "body"])
def test_a_fetch_that_fails_may_have_been_carried_out(client: Any, javascript: JavaScript, when: str) -> None:
    async def rejected() -> Any:
        raise JsError("Failed to fetch")

    error = JsError("Failed to fetch")
    javascript.answers = [error if when == "fetch throws" else Response(200, b"{", error)]
    if when == "fetch":
        javascript.fetch = lambda *_: rejected()  # type: ignore[method-assign]  # for this test
        vars(sys.modules["js"])["fetch"] = javascript.fetch
    with pytest.raises(
        APIConnectionError, match=r"ReadError: fetch failed: Failed to fetch \(a browser says why"
    ) as caught:
        listed(client)
    assert caught.value.maybe_done
    assert not isinstance(caught.value, APITimeoutError)


@pytest.mark.parametrize(
    ("code", "maybe_done"), [("ECONNREFUSED", False), ("ENOTFOUND", False), ("ECONNRESET", True), ("UND_ERR", True)]
)
def test_where_node_says_why_it_counts(client: Any, javascript: JavaScript, code: str, maybe_done: bool) -> None:
    cause = SimpleNamespace(message=f"connect {code}", code=code)
    javascript.answers = [JsError("fetch failed", cause)]
    with pytest.raises(APIConnectionError, match=rf"fetch failed: fetch failed \(connect {code}\)") as caught:
        listed(client)
    assert caught.value.maybe_done is maybe_done


@pytest.mark.parametrize("of", ["the error", "its cause"])
def test_a_cause_that_javascript_has_as_null_says_nothing(client: Any, javascript: JavaScript, of: str) -> None:
    cause = JS_NULL if of == "the error" else SimpleNamespace(message=JS_NULL, code=JS_NULL)
    javascript.answers = [JsError("fetch failed", cause)]
    with pytest.raises(APIConnectionError, match=r"fetch failed: fetch failed \(a browser says why") as caught:
        listed(client)
    assert caught.value.maybe_done


def test_a_body_that_javascript_has_as_null_is_empty(client: Any, javascript: JavaScript) -> None:
    empty = Response(204)
    empty.body = JS_NULL
    javascript.answers = [empty]
    with pytest.raises(APIConnectionError, match="HTTP 204"):
        listed(client)


@pytest.mark.parametrize("limit", [{"timeout": 0.02}, {"deadline": 0.02}, {"timeout": httpx.Timeout(0.02)}], ids=str)
@pytest.mark.parametrize("half", [False, True], ids=["no answer", "half an answer"])
def test_a_fetch_that_takes_too_long_is_ended_and_may_have_been_carried_out(
    connect: Any, javascript: JavaScript, half: bool, limit: dict[str, Any]
) -> None:
    javascript.answers = [Response(200, b"{", SILENT) if half else SILENT]
    with pytest.raises(APITimeoutError) as caught:
        listed(connect(max_retries=0, **limit))
    assert caught.value.maybe_done
    assert javascript.aborted == 1


def test_an_answer_that_drips_ends_with_the_attempt(connect: Any, javascript: JavaScript) -> None:
    javascript.answers = [Response(200, *[0.01] * 1000)]  # each sooner than the time of a read
    with pytest.raises(APITimeoutError):
        listed(connect(max_retries=0, timeout=0.1))
    assert javascript.aborted == 1


@pytest.mark.parametrize("timeout", [None, 1e8], ids=str)
def test_a_call_may_have_no_end(connect: Any, javascript: JavaScript, timeout: float | None) -> None:
    javascript.answers = [Response(200, OK)]
    assert listed(connect(timeout=timeout, deadline=None)) == []


def test_a_call_that_is_cancelled_ends_its_fetch(javascript: JavaScript) -> None:
    javascript.answers = [SILENT]

    async def work() -> None:
        async with AsyncClient(pat=KEY, user_id="me", app_id="app") as client:
            calling = asyncio.create_task(client.delete("a", input_id="in-1"))
            while not javascript.asked:
                await asyncio.sleep(0)
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling

    asyncio.run(work())
    assert javascript.aborted == 1


def test_no_local_variable_of_a_failure_shows_the_key(client: Any, javascript: JavaScript) -> None:
    javascript.answers = [JsError("fetch failed")]
    with pytest.raises(APIConnectionError) as caught:
        listed(client)
    error: BaseException | None = caught.value
    frames = []
    while error is not None:
        frames += [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        error = error.__cause__ or error.__context__
    ours = [frame for frame in frames if frame.f_code.co_filename.endswith("/_pyodide.py")]
    assert ours
    assert not [name for frame in ours for name, value in frame.f_locals.items() if KEY[:10] in repr(value)]


# --- the place ------------------------------------------------------------------------------------


def test_a_blocking_client_without_stack_switching_says_what_to_use_instead(javascript: JavaScript) -> None:
    javascript.switches = False
    with (
        Client(pat=KEY, user_id="me", app_id="app") as client,
        pytest.raises(ConfigurationError, match="Use AsyncClient"),
    ):
        client.delete("a", input_id="in-1")
    assert javascript.asked == []


def test_an_emulator_in_the_process_needs_none(javascript: JavaScript, emulator: Emulator) -> None:
    javascript.switches = False
    assert list(emulator.client().list()) == []


@pytest.mark.parametrize("setting", [{"verify": False}, {"proxy": "http://127.0.0.1:1"}], ids=["verify", "proxy"])
def test_what_javascript_would_not_heed_is_refused(connect: Any, javascript: JavaScript, setting: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be heeded in WebAssembly"):
        connect(**setting)
