"""What a request carries, and what an injected client can and cannot change about it."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

import clarifai_http_annotations
from clarifai_http_annotations import (
    Annotation,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    NotFoundError,
    positive,
)
from clarifai_http_annotations.testing import Emulator

PAT = "0123456789abcdef0123456789abcdef"
BODY = b'{"status":{"code":10000}}'


def ask(client: Any) -> None:
    """Make the call with the shortest answer."""
    client.delete("annotation", input_id="input")


# --- headers -------------------------------------------------------------------------------------


def sent_headers(connect: Any, **settings: Any) -> httpx.Headers:
    """Return the headers of a request."""
    seen: list[httpx.Headers] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, content=BODY)

    http = settings.pop("http", None)
    if http is None:
        ask(connect(answers, **settings))
    else:
        ask(connect(http_client=http(transport=httpx.MockTransport(answers)), **settings))
    return seen[0]


def test_a_request_says_who_sends_it(connect: Any) -> None:
    headers = sent_headers(connect)
    version = clarifai_http_annotations.__version__
    assert re.fullmatch(rf"clarifai-http-annotations/{version} python/3\S+ httpx/\S+", headers["user-agent"])
    assert headers["x-clarifai-request-id-prefix"] == f"clarifai-http-annotations-{version}"
    assert headers["accept"] == "application/json"


def test_only_a_request_with_a_body_says_what_the_body_is(connect: Any, emulator: Emulator) -> None:
    seen = []

    def remembers(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("content-type"))
        return emulator(request)

    client = connect(remembers)
    client.create(Annotation.of("input", positive("tree")))
    list(client.list())
    assert seen == ["application/json", None, None]


def test_a_personal_access_token_goes_into_the_authorization_header(connect: Any) -> None:
    headers = sent_headers(connect)
    assert headers["authorization"] == f"Key {PAT}"
    assert "x-clarifai-session-token" not in headers


def test_a_session_token_goes_into_a_header_of_its_own(connect: Any) -> None:
    headers = sent_headers(connect, pat=None, token="session")
    assert headers["x-clarifai-session-token"] == "session"
    assert "authorization" not in headers


# --- an injected client --------------------------------------------------------------------------


@pytest.fixture
def http_class(kind: str) -> Any:
    return httpx.Client if kind == "sync" else httpx.AsyncClient


FOREIGN = {
    "authorization": "Bearer of-somebody-else",
    "x-clarifai-session-token": "of-somebody-else",
    "user-agent": "somebody-else",
}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"auth": ("user", "password")}, id="auth"),
        pytest.param({"headers": FOREIGN}, id="headers"),
        pytest.param({"headers": [*FOREIGN.items(), ("Authorization", "Key twice")]}, id="headers twice"),
        pytest.param({"base_url": "https://user:password@evil.example"}, id="base_url"),
    ],
)
@pytest.mark.parametrize("is_token", [False, True], ids=["pat", "token"])
def test_an_injected_client_cannot_replace_or_add_to_the_key(
    connect: Any, http_class: Any, other: Any, is_token: bool
) -> None:
    key = {"pat": None, "token": "session"} if is_token else {}
    headers = sent_headers(connect, http=lambda **transport: http_class(**other, **transport), **key)
    names = ("authorization", "x-clarifai-session-token")
    found = [(name.lower(), value) for name, value in headers.multi_items() if name.lower() in names]
    assert found == [("x-clarifai-session-token", "session") if is_token else ("authorization", f"Key {PAT}")]
    assert headers["user-agent"].startswith("clarifai-http-annotations/")
    assert headers["host"] == "api.clarifai.com"


def test_an_injected_client_keeps_its_own_headers(connect: Any, http_class: Any) -> None:
    headers = sent_headers(connect, http=lambda **transport: http_class(headers={"x-trace": "7"}, **transport))
    assert headers["x-trace"] == "7"


def test_an_injected_client_stays_open(connect: Any, emulator: Emulator, http_class: Any) -> None:
    http = http_class(transport=httpx.MockTransport(emulator))
    first, second = (connect(http_client=http) for _ in range(2))
    list(first.list())
    first.close()
    assert not http.is_closed
    assert list(second.list()) == []
    with pytest.raises(ClientClosedError):
        list(first.list())


async def _close(http: httpx.AsyncClient) -> None:
    await http.aclose()


def test_an_injected_client_that_its_owner_closed_is_an_error_that_says_so(
    connect: Any, emulator: Emulator, http_class: Any
) -> None:
    http = http_class(transport=httpx.MockTransport(emulator))
    client = connect(http_client=http)
    http.close() if http_class is httpx.Client else client.runner.run(_close(http))
    with pytest.raises(ClientClosedError):
        ask(client)
    assert client.is_closed


@pytest.mark.parametrize("setting", [{"proxy": "http://127.0.0.1:1"}, {"verify": False}, {"transport": True}])
def test_what_an_injected_client_has_of_its_own_is_refused_beside_it(
    connect: Any, http_class: Any, emulator: Emulator, setting: dict[str, Any]
) -> None:
    if "transport" in setting:
        setting = {"transport": httpx.MockTransport(emulator)}
    http = http_class(transport=httpx.MockTransport(emulator))
    with pytest.raises(ConfigurationError, match="http_client= has its own"):
        connect(http_client=http, **setting)


@pytest.mark.parametrize("argument", ["http_client", "transport"])
def test_what_is_for_the_other_client_is_refused(connect: Any, kind: str, argument: str) -> None:
    wrong: dict[tuple[str, str], Any] = {
        ("sync", "http_client"): httpx.AsyncClient,
        ("async", "http_client"): httpx.Client,
        ("sync", "transport"): httpx.AsyncHTTPTransport,
        ("async", "transport"): httpx.HTTPTransport,
    }
    with pytest.raises(ConfigurationError, match=rf"{argument} of \w+ must be an httpx\.\w+, not \w+"):
        connect(**{argument: wrong[kind, argument]()})


# --- hooks of an injected client -----------------------------------------------------------------


def raise_for_status(kind: str, *, reads: bool) -> dict[str, Any]:
    """Return the hook of a common recipe of httpx, which makes an answer into an exception."""

    def hook(response: httpx.Response) -> None:
        if reads:
            response.read()
        response.raise_for_status()

    async def async_hook(response: httpx.Response) -> None:
        if reads:
            await response.aread()
        response.raise_for_status()

    return {"response": [hook if kind == "sync" else async_hook]}


@pytest.mark.parametrize("reads", [False, True], ids=["unread", "read"])
def test_a_hook_that_raises_for_a_status_does_not_make_it_a_matter_of_the_network(
    connect: Any, http_class: Any, kind: str, reads: bool
) -> None:
    refuses = httpx.MockTransport(lambda _: httpx.Response(401, content=b'{"status":{"code":11009}}'))
    client = connect(http_client=http_class(transport=refuses, event_hooks=raise_for_status(kind, reads=reads)))
    with pytest.raises(AuthenticationError) as caught:
        ask(client)
    assert caught.value.attempts == 1
    assert not caught.value.maybe_done


def test_what_a_hook_read_before_it_raised_is_in_the_error(connect: Any, http_class: Any, kind: str) -> None:
    said = {"status": {"code": 30102, "description": "Does not exist", "details": "no such annotation"}}
    refuses = httpx.MockTransport(lambda _: httpx.Response(400, json=said))
    client = connect(http_client=http_class(transport=refuses, event_hooks=raise_for_status(kind, reads=True)))
    with pytest.raises(NotFoundError, match="no such annotation"):
        ask(client)


def test_retry_after_is_heeded_though_a_hook_raised(
    connect: Any, http_class: Any, kind: str, clock: Any, emulator: Emulator
) -> None:
    answers = [httpx.Response(429, headers={"retry-after": "7"})]
    transport = httpx.MockTransport(lambda request: answers.pop() if answers else emulator(request))
    client = connect(http_client=http_class(transport=transport, event_hooks=raise_for_status(kind, reads=False)))
    assert list(client.list()) == []
    assert clock.slept == [7.0]


def test_a_hook_may_read_an_answer(connect: Any, http_class: Any, kind: str, emulator: Emulator) -> None:
    async def read(response: httpx.Response) -> None:
        await response.aread()

    hooks = {"response": [httpx.Response.read if kind == "sync" else read]}
    client = connect(http_client=http_class(transport=httpx.MockTransport(emulator), event_hooks=hooks))
    assert list(client.list()) == []
