"""The key shows nowhere: not in texts, logs, pickles, or the locals of our frames, whatever fails."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import socket
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

import clarifai_http_annotations
from clarifai_http_annotations import Annotation, AsyncClient, ClarifaiError, Client, MissingValueError, positive
from clarifai_http_annotations._secret import Secret
from clarifai_http_annotations.testing import Emulator

KEY = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
PART = KEY[:10]
"""Half a key is too much, too; any half of this one holds it."""

PACKAGE = str(Path(clarifai_http_annotations.__file__).parent)

Answer = Callable[[httpx.Request], httpx.Response]


# --- looking for it ------------------------------------------------------------------------------


def shows(value: object, depth: int = 6) -> bool:
    """Tell whether a value shows the key when it is printed, as error trackers print locals."""
    if PART in repr(value) or PART in str(value):
        return True
    if depth == 0:
        return False
    if isinstance(value, Mapping):
        return any(shows(item, depth - 1) for pair in value.items() for item in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(shows(item, depth - 1) for item in value)
    return False


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those that it came from."""
    seen: list[BaseException] = []
    left = [error]
    while left:
        one = left.pop()
        if one is not None and one not in seen:
            seen.append(one)
            left += [one.__cause__, one.__context__]
    yield from seen


def our_frames(error: BaseException) -> Iterator[FrameType]:
    for one in chain(error):
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                yield frame


def locals_that_show(error: BaseException) -> list[str]:
    """Name the local variables in which a traceback that prints them would show the key."""
    return [
        f"{frame.f_code.co_qualname}: {name}"
        for frame in our_frames(error)
        for name, value in frame.f_locals.items()
        if PART in repr(value)
    ]


# --- what can fail -------------------------------------------------------------------------------


def answer(status: int, content: object, **headers: str) -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _: httpx.Response(status, content=body, headers=headers)


def raises(error: Exception) -> Answer:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    return handler


class CutOff(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that begins with the key, and then fails."""

    def __init__(self, error: Exception | None = None, pieces: int = 1) -> None:
        self.error, self.pieces = error or httpx.RemoteProtocolError("cut off"), pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from [KEY.encode()] * self.pieces
        raise self.error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def of_items(*items: dict[str, Any]) -> Answer:
    return answer(400, {"status": {"code": 10020}, "annotations": [{"input_id": "input", **item} for item in items]})


STATUS = {"code": 11009, "description": f"no {KEY}", "details": f"{KEY} is unknown", "req_id": KEY}
ANSWERS = {
    "401 that repeats the key": answer(401, {"status": STATUS}),
    "401 with the key for a code": answer(401, {"status": {"code": KEY}}),
    "401 that repeats it where nobody looks": answer(401, {"status": {"code": 11009}, KEY: [{KEY: KEY}]}),
    "401 that spells it in another way": answer(
        401, b'{"status":{"code":11009,"details":"\\u0035%s"}}' % KEY[1:].encode()
    ),
    "401 of a gateway": answer(401, {"code": 16, "message": f"bad {KEY}"}),
    "401 in HTML": answer(401, f"<html>Who is {KEY}?</html>".encode()),
    "502 with the key in the middle of a long page": answer(502, b"x" * 190 + KEY.encode() + b"x" * 2000),
    "502 with the key where the reading ends": answer(502, b" " * 1590 + KEY.encode()),
    "429": answer(429, {"status": {"code": 11005, "details": KEY}}, **{"retry-after": KEY}),
    "redirect": answer(302, b"", location=f"https://evil.example/?key={KEY}"),
    "200 that is no JSON": answer(200, f"hello {KEY}".encode()),
    "200 without a status": answer(200, {"hello": KEY}),
    "200 of another shape": answer(200, {"status": {"code": 10000}, "annotations": KEY}),
    "200 with an annotation of another shape": answer(
        200, {"status": {"code": 10000}, "annotations": [{"id": "a", "data": {"concepts": [{"value": KEY}]}}]}
    ),
    "200 that lies about its encoding": answer(200, KEY.encode(), **{"content-encoding": "gzip"}),
    "a refused annotation": of_items({"status": {"code": 24154, "details": KEY, "description": KEY}}),
    "a refused annotation with a key for a code": of_items({"status": {"code": KEY}}),
    "connection refused": raises(httpx.ConnectError(f"refused {KEY}")),
    "timeout": raises(httpx.ReadTimeout(f"too long: {KEY}")),
    "garbage": raises(httpx.RemoteProtocolError(f"illegal status line: bytearray(b'{KEY}')")),
    "failure of the system": raises(OSError(5, f"{KEY} failed")),
    "cut off in the body": lambda _: httpx.Response(200, stream=CutOff()),
    "out of time in the body": lambda _: httpx.Response(200, stream=CutOff(httpx.ReadTimeout(KEY))),
}


def calls(client: Any) -> None:
    """Make a call of two annotations."""
    client.create([Annotation.of("input", positive("tree")), Annotation.of("input", positive("water"))])


@pytest.fixture(params=["pat", "token"])
def who(request: pytest.FixtureRequest) -> dict[str, str | None]:
    return {"pat": KEY} if request.param == "pat" else {"pat": None, "token": KEY}


@pytest.fixture(params=ANSWERS)
def handler(request: pytest.FixtureRequest) -> Answer:
    found: Answer = ANSWERS[request.param]
    return found


@pytest.fixture
def failure(connect: Any, who: Any, handler: Answer, caplog: pytest.LogCaptureFixture) -> ClarifaiError:
    """Return what a call ends with whose answer is the handler's."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ClarifaiError) as caught:
        calls(connect(handler, max_retries=1, **who))
    return caught.value


# --- errors of calls -----------------------------------------------------------------------------


def test_a_failure_does_not_say_the_key(failure: ClarifaiError) -> None:
    assert not any(shows(text) for text in (str(failure), repr(failure), failure.args, vars(failure)))


def test_the_traceback_of_a_failure_does_not_say_the_key(failure: ClarifaiError) -> None:
    assert PART not in "".join(traceback.format_exception(failure))


def test_the_pickle_of_a_failure_does_not_hold_the_key(failure: ClarifaiError) -> None:
    data = pickle.dumps(failure)
    assert PART.encode() not in data
    assert str(pickle.loads(data)) == str(failure)
    assert not shows(vars(copy.copy(failure)))


def test_no_local_of_our_frames_shows_the_key(failure: ClarifaiError) -> None:
    assert locals_that_show(failure) == []


def test_no_log_shows_the_key(failure: ClarifaiError, caplog: pytest.LogCaptureFixture) -> None:
    records = caplog.get_records("setup")  # that is where `failure` was made
    assert records
    assert not [record for record in records if shows(vars(record)) or PART in record.getMessage()]


# --- errors of settings --------------------------------------------------------------------------

PLACE = {"user_id": "me", "app_id": "app"}
SETTINGS: dict[str, dict[str, Any]] = {
    "a word before it": {"pat": f"Key {KEY}", **PLACE},
    "a token with a word before it": {"token": f"Bearer {KEY}", **PLACE},
    "a space in it": {"pat": f"{KEY} {KEY}", **PLACE},
    "a control character in it": {"pat": f"{KEY}\x00", **PLACE},
    "bytes": {"pat": KEY.encode(), **PLACE},
    "a list": {"pat": [KEY], **PLACE},
    "both": {"pat": KEY, "token": KEY, **PLACE},
    "one good and one bad": {"pat": "good", "token": f"Key {KEY}", **PLACE},
    "no user": {"pat": KEY, "app_id": "app"},
    "no app": {"pat": KEY, "user_id": "me"},
    "a base that is no URL": {"pat": KEY, "base_url": "ftp://x", **PLACE},
    "clear text": {"pat": KEY, "base_url": "http://api.clarifai.com", **PLACE},
    "a timeout that is none": {"pat": KEY, "timeout": -1, **PLACE},
    "a client of another kind": {"pat": KEY, "http_client": object(), **PLACE},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))
@pytest.mark.parametrize("cls", [Client, AsyncClient])
def test_settings_that_are_refused_do_not_show_the_key(cls: Any, settings: Any) -> None:
    with pytest.raises(ClarifaiError) as caught:
        cls(**settings)
    assert not shows(caught.value)
    assert PART.encode() not in pickle.dumps(caught.value)
    assert locals_that_show(caught.value) == []


@pytest.mark.parametrize("variable", ["CLARIFAI_PAT", "CLARIFAI_SESSION_TOKEN"])
@pytest.mark.parametrize("prefix", ["", "Key "], ids=["good key", "bad key"])
@pytest.mark.parametrize(
    "given", [{}, {"user_id": "me"}, {**PLACE, "timeout": 0}], ids=["no user", "no app", "timeout"]
)
def test_settings_that_are_refused_do_not_show_a_key_of_the_environment(
    monkeypatch: Any, variable: str, prefix: str, given: Any
) -> None:
    monkeypatch.setenv(variable, prefix + KEY)
    with pytest.raises(ClarifaiError) as caught:
        Client(**given)
    assert not shows(caught.value)
    assert locals_that_show(caught.value) == []


@pytest.mark.parametrize("options", [{"pat": f"Key {KEY}"}, {"token": KEY.encode()}, {"pat": KEY, "token": KEY}])
def test_options_that_are_refused_do_not_show_the_key(connect: Any, options: Any) -> None:
    client = connect(None)
    client = getattr(client, "inner", client)
    with pytest.raises(ClarifaiError) as caught:
        client.with_options(**options)
    assert not shows(caught.value)
    assert locals_that_show(caught.value) == []


def test_what_is_refused_before_sending_does_not_show_the_key(connect: Any, emulator: Emulator, who: Any) -> None:
    with pytest.raises(MissingValueError) as caught:
        connect(emulator, **who).create({"input_id": "input", "data": {"concepts": [{"id": "tree"}]}})
    assert locals_that_show(caught.value) == []
    assert emulator.requests == []


def test_a_deadline_that_is_over_does_not_show_the_key(connect: Any, emulator: Emulator, who: Any) -> None:
    with pytest.raises(ClarifaiError) as caught:
        list(connect(emulator, **who).list(deadline=0))
    assert not shows(caught.value)
    assert locals_that_show(caught.value) == []


# --- what is alive -------------------------------------------------------------------------------


def test_a_client_does_not_show_its_key(connect: Any, emulator: Emulator, who: Any) -> None:
    client = connect(emulator, **who)
    list(client.list())
    client = getattr(client, "inner", client)
    assert not shows(client)
    assert KEY not in pprint.pformat(vars(client))
    assert not shows(client._settings._asdict())
    assert KEY not in f"{client} {client!r}"


def test_a_secret_shows_only_to_whom_asks_for_it() -> None:
    secret = Secret(KEY)
    assert secret.reveal() == KEY
    assert repr(secret) == str(secret) == f"{secret}" == "Secret(***)"
    assert copy.deepcopy(secret) is secret
    assert secret.redact(f"a {KEY} and {KEY}") == "a *** and ***"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="A key is not pickled"):
            pickle.dumps(secret, protocol)


# --- logs ----------------------------------------------------------------------------------------


def test_no_logger_shows_the_key_while_real_connections_are_used(
    connect: Any, who: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What httpx and httpcore log at DEBUG is more than what a mock transport makes them log."""
    caplog.set_level(1)
    body = json.dumps({"status": {"code": 11009, "details": KEY}}).encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            conn, _ = listener.accept()
            with conn:
                conn.recv(65536)
                conn.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ClarifaiError):
            calls(connect(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", **who))
        thread.join()
    loggers = {record.name.partition(".")[0] for record in caplog.records}
    assert {"clarifai_http_annotations", "httpx", "httpcore"} <= loggers
    assert not [record for record in caplog.records if shows(vars(record)) or PART in record.getMessage()]


def ours(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "clarifai_http_annotations"
    ]


def test_every_attempt_is_logged_at_debug_and_every_retry_at_warning(
    connect: Any, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[httpx.Response | Exception | None] = [httpx.Response(429), httpx.ConnectError("refused"), None]

    def flaky(request: httpx.Request) -> httpx.Response:
        next_one = answers.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        return next_one or emulator(request)

    connect(flaky).create(Annotation.of("input", positive("tree")))
    records = ours(caplog)
    first, second = (text for level, text in records if level == "WARNING")
    assert "RateLimitError" in first
    assert "APIConnectionError" in second
    assert len([text for level, text in records if level == "DEBUG" and text.startswith("POST /v2/users")]) >= 3
    assert {level for level, _ in records} == {"DEBUG", "WARNING"}


def test_a_call_that_succeeds_at_once_logs_nothing_above_debug(
    connect: Any, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connect(emulator).create(Annotation.of("input", positive("tree")))
    assert {level for level, _ in ours(caplog)} == {"DEBUG"}


@pytest.mark.parametrize("status", [200, 400, 503])
def test_a_log_holds_no_body(connect: Any, caplog: pytest.LogCaptureFixture, status: int) -> None:
    caplog.set_level(logging.DEBUG)
    for content in (b"<html>private-answer</html>", b'{"status":{"code":98004,"details":"private-answer"}}'):
        with pytest.raises(ClarifaiError):
            connect(answer(status, content), max_retries=1).create(Annotation.of("in", positive("private-concept")))
    assert ours(caplog)
    assert not [text for _, text in ours(caplog) if "private" in text]
