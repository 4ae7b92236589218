"""Copies, pickles and the end of a client, without connections."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    AsyncClient,
    Client,
    ClientClosedError,
    ConfigurationError,
    RateLimitError,
    positive,
)
from clarifai_http_annotations.testing import Emulator

PAT = "0123456789abcdef0123456789abcdef"


def ask(client: Any) -> Any:
    """Make the call with the shortest answer."""
    return client.delete("annotation", input_id="input")


# --- copies and pickles --------------------------------------------------------------------------

WAYS = [
    pytest.param(pickle.dumps, id="pickle"),
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    *(
        pytest.param(lambda client, protocol=protocol: pickle.dumps(client, protocol), id=f"pickle {protocol}")
        for protocol in range(6)
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cls", [Client, AsyncClient])
def test_a_client_is_not_pickled_or_copied_and_says_what_to_do(cls: Any, way: Callable[[Any], Any]) -> None:
    client = cls(pat=PAT, user_id="me", app_id="app")
    with pytest.raises(TypeError, match=rf"A {cls.__name__} holds a key.*from the environment.*with_options\(\)"):
        way(client)


@pytest.mark.parametrize("way", [way for way in WAYS if way.id != "copy"])  # which does not look inside
def test_a_client_inside_of_something_is_not_pickled_or_copied_either(way: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="holds a key"):
        way({"client": [Client(pat=PAT, user_id="me", app_id="app")]})


def test_with_options_changes_the_copy_and_not_the_original(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    other = client.with_options(user_id="somebody", app_id="elsewhere")
    list(other.list())
    list(client.list())
    assert [request.path for request in emulator.requests] == [
        "/v2/users/somebody/apps/elsewhere/annotations",
        "/v2/users/me/apps/app/annotations",
    ]


def test_with_options_keeps_what_is_not_given(connect: Any) -> None:
    client = connect(None, timeout=7.0, max_retries=3, deadline=70.0, fractional_values=True)
    assert client.with_options()._settings == client._settings
    assert client.with_options(deadline=None).with_options()._settings.deadline is None
    assert client.with_options(timeout=None)._settings.timeout is None
    assert client.with_options(timeout=httpx.Timeout(3))._settings.timeout == httpx.Timeout(3)


@pytest.mark.parametrize(
    ("first", "second", "header", "value"),
    [
        pytest.param({"pat": "one"}, {"pat": "two"}, "authorization", "Key two", id="pat to pat"),
        pytest.param({"pat": "one"}, {"token": "two"}, "x-clarifai-session-token", "two", id="pat to token"),
        pytest.param({"pat": None, "token": "one"}, {"pat": "two"}, "authorization", "Key two", id="token to pat"),
        pytest.param({"pat": None, "token": "one"}, {}, "x-clarifai-session-token", "one", id="token stays"),
    ],
)
def test_with_options_can_change_the_key(
    connect: Any, emulator: Emulator, first: Any, second: Any, header: str, value: str
) -> None:
    seen = []

    def remembers(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return emulator(request)

    list(connect(remembers, **first).with_options(**second).list())
    assert seen[0][header] == value
    assert ("authorization" in seen[0]) != ("x-clarifai-session-token" in seen[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"deadline": float("nan")}, "deadline"),
        ({"fractional_values": 1}, "fractional_values"),
        ({"pat": "one", "token": "two"}, "pat= and token="),
        ({"pat": "Key one"}, "pat"),
    ],
)
def test_with_options_checks_what_it_is_given(connect: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        connect(None).with_options(**options)


def test_a_copy_shares_the_quota_of_retries(connect: Any) -> None:
    def throttles(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429)

    client = connect(throttles)
    other = client.with_options(max_retries=1000, deadline=None)
    with pytest.raises(RateLimitError, match="retry quota"):
        ask(other)
    with pytest.raises(RateLimitError, match=r"1 attempt .*retry quota"):
        ask(client)


# --- the end -------------------------------------------------------------------------------------


def test_a_closed_client_is_not_used(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    list(client.list())
    client.close()
    with pytest.raises(ClientClosedError, match="was closed; make a new one"):
        list(client.list())
    with pytest.raises(ClientClosedError):
        ask(client)
    assert client.is_closed
    assert len(emulator.requests) == 1


def test_a_client_that_is_closed_in_the_middle_of_a_list_ends_it(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create([Annotation.of("input", positive(name)) for name in "abc"])
    pages = client.list(per_page=2)
    next(pages)
    client.close()
    next(pages)
    with pytest.raises(ClientClosedError):
        next(pages)


@pytest.mark.parametrize("used", [False, True], ids=["unused", "used"])
def test_closing_twice_is_no_error(connect: Any, emulator: Emulator, used: bool) -> None:
    client = connect(emulator)
    if used:
        list(client.list())
    client.close()
    client.close()
    assert client.is_closed


def test_closing_a_copy_leaves_the_original_open(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    other = client.with_options(timeout=3)
    other.close()
    assert other.is_closed
    assert not client.is_closed
    assert list(client.list()) == []
    with pytest.raises(ClientClosedError):
        list(other.list())


def test_closing_the_original_closes_its_copies(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    other = client.with_options(timeout=3).with_options(timeout=4)
    list(other.list())
    client.close()
    assert other.is_closed
    with pytest.raises(ClientClosedError):
        list(other.list())


def test_a_copy_of_a_closed_client_is_closed(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.close()
    assert client.with_options(timeout=3).is_closed


def test_a_with_block_closes_its_client(emulator: Emulator) -> None:
    with emulator.client() as client:
        assert not client.is_closed
    assert client.is_closed

    async def work() -> AsyncClient:
        async with emulator.async_client() as client:
            assert not client.is_closed
        return client

    assert asyncio.run(work()).is_closed


def test_a_with_block_closes_its_client_after_an_error_and_lets_it_through(emulator: Emulator) -> None:
    client = emulator.client()
    with pytest.raises(KeyError), client:
        raise KeyError
    assert client.is_closed

    async def work() -> None:
        async with other:
            raise KeyError

    other = emulator.async_client()
    with pytest.raises(KeyError):
        asyncio.run(work())
    assert other.is_closed


def test_an_asynchronous_client_has_a_close_under_both_names(emulator: Emulator) -> None:
    for name in ("close", "aclose"):
        client = emulator.async_client()
        asyncio.run(getattr(client, name)())
        assert client.is_closed


def test_the_wrong_kind_of_with_says_which_is_right(emulator: Emulator) -> None:
    right = "AsyncClient is for 'async with'; 'with' is for Client"
    with pytest.raises(TypeError, match=right), emulator.async_client():
        pass

    async def work() -> None:
        async with emulator.client():  # type: ignore[attr-defined, unused-ignore]
            pass

    with pytest.raises(TypeError, match="Client is for 'with'; 'async with' is for AsyncClient"):
        asyncio.run(work())


def test_a_repr_says_where_and_whether_it_is_closed(connect: Any, emulator: Emulator, kind: str) -> None:
    client = connect(emulator)
    inner = getattr(client, "inner", client)
    name = "Client" if kind == "sync" else "AsyncClient"
    open_ = f"{name}(user_id='me', app_id='app', base_url='https://api.clarifai.com')"
    assert repr(inner) == open_
    client.close()
    assert repr(inner) == open_.replace(")", ", closed)")


# --- keys of copies ------------------------------------------------------------------------------


def test_an_empty_key_for_a_copy_is_none_and_the_old_one_stays(
    connect: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARIFAI_PAT", "somebody-elses-key")
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return emulator(request)

    list(connect(handler, pat="my-own-key").with_options(pat="").list())
    assert seen == ["Key my-own-key"]


def test_a_cookie_for_one_key_does_not_go_along_with_another(connect: Any, emulator: Emulator) -> None:
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        response = emulator(request)
        response.headers["set-cookie"] = "session=of-the-first-key"
        return response

    client = connect(handler)
    list(client.list())
    list(client.with_options(pat="another-key").list())
    assert seen == [None, None]


@pytest.mark.parametrize("closes", [True, False])
def test_what_httpx_says_of_a_client_that_was_closed_meanwhile_is_said_as_that(kind: str, closes: bool) -> None:
    """As where one thread closes what another one uses; any other RuntimeError is a mistake in code and passes."""

    def handler(request: httpx.Request) -> httpx.Response:
        client._closed = closes
        raise RuntimeError("Cannot send a request, as the client has been closed.")

    client: Any = (Client if kind == "sync" else AsyncClient)(
        pat="x", user_id="me", app_id="app", transport=httpx.MockTransport(handler)
    )

    def use() -> None:
        call = client.get("a", input_id="in")
        if kind == "async":
            asyncio.run(call)

    with pytest.raises(ClientClosedError if closes else RuntimeError) as caught:
        use()
    assert isinstance(caught.value, ClientClosedError) == closes
