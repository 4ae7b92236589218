"""Settings: argument, then environment, then default; what cannot be is refused, and no key is ever shown."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback
from typing import Any

import httpx
import numpy as np
import pytest

from clarifai_http_annotations import AsyncClient, Client, ConfigurationError
from clarifai_http_annotations._secret import Secret, hide
from clarifai_http_annotations.config import NOT_GIVEN, resolve

KEY = "0123456789abcdef0123456789abcdef"
CLIENTS = pytest.mark.parametrize("cls", [Client, AsyncClient])


def settings(environ: dict[str, str] | None = None, **given: Any) -> Any:
    """Resolve what a client is given in a clean environment; everything that must be there is."""
    keys = {name: hide(given.pop(name, of)) for name, of in (("pat", KEY), ("token", None), ("app_key", None))}
    plain = {"user_id": "me", "app_id": "app", "base_url": None}
    numbers = {"timeout": 60.0, "max_retries": 4, "deadline": 180.0, "fractional_values": False}
    return resolve(keys, **{**plain, **numbers, **given}, environ=environ or {})


# --- where a setting comes from ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "variable"),
    [("user_id", "CLARIFAI_USER_ID"), ("app_id", "CLARIFAI_APP_ID"), ("base_url", "CLARIFAI_API_BASE")],
)
def test_an_argument_counts_before_the_environment(argument: str, variable: str) -> None:
    environ = {variable: "https://from.environment"}
    assert getattr(settings(environ, **{argument: "https://from.argument"}), argument) == "https://from.argument"
    assert getattr(settings(environ, **{argument: None}), argument) == "https://from.environment"


@pytest.mark.parametrize(("argument", "variable"), [("user_id", "CLARIFAI_USER_ID"), ("app_id", "CLARIFAI_APP_ID")])
def test_an_empty_argument_does_not_count(argument: str, variable: str) -> None:
    assert getattr(settings({variable: "of environment"}, **{argument: ""}), argument) == "of environment"


def test_the_base_is_clarifai_by_default() -> None:
    assert settings().base_url == "https://api.clarifai.com"


@pytest.mark.parametrize("empty", ["", " ", "\n"], ids=repr)
@pytest.mark.parametrize("other", [None, "https://other.example"])
def test_an_empty_base_is_refused_and_does_not_mean_clarifai(empty: str, other: str | None) -> None:
    """Whoever set it meant another server, whose address went missing on the way."""
    says = r"base_url \(CLARIFAI_API_BASE\) is given and empty.*variable unset, for https://api.clarifai.com"
    with pytest.raises(ConfigurationError, match=says):
        settings({} if other is None else {"CLARIFAI_API_BASE": other}, base_url=empty)
    if other is None:
        with pytest.raises(ConfigurationError, match=says):
            settings({"CLARIFAI_API_BASE": empty})
    else:
        assert settings({"CLARIFAI_API_BASE": empty}, base_url=other).base_url == other


@pytest.mark.parametrize(
    ("given", "environ", "key", "is_token"),
    [
        ({"pat": "argument"}, {"CLARIFAI_PAT": "environment"}, "argument", False),
        ({"token": "argument"}, {"CLARIFAI_PAT": "environment"}, "argument", True),
        ({"pat": "argument"}, {"CLARIFAI_SESSION_TOKEN": "environment"}, "argument", False),
        ({}, {"CLARIFAI_PAT": "pat", "CLARIFAI_SESSION_TOKEN": "token"}, "pat", False),
        ({}, {"CLARIFAI_PAT": "", "CLARIFAI_SESSION_TOKEN": "token"}, "token", True),
        ({"pat": ""}, {"CLARIFAI_PAT": "environment"}, "environment", False),
        ({"pat": "", "token": ""}, {"CLARIFAI_SESSION_TOKEN": "environment"}, "environment", True),
        ({"pat": " argument\n"}, {}, "argument", False),
        ({}, {"CLARIFAI_PAT": " environment\r\n"}, "environment", False),
    ],
)
def test_the_key_is_the_argument_then_the_pat_then_the_token(
    given: dict[str, str], environ: dict[str, str], key: str, is_token: bool
) -> None:
    found = settings(environ, **{"pat": None, **given})
    assert (found.key.reveal(), found.is_token) == (key, is_token)


def test_a_pat_and_a_token_together_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="pat= and token= are two ways"):
        settings(pat=KEY, token=KEY)


@CLIENTS
@pytest.mark.parametrize(
    ("argument", "variable"),
    [("pat", "CLARIFAI_PAT"), ("user_id", "CLARIFAI_USER_ID"), ("app_id", "CLARIFAI_APP_ID")],
)
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_a_missing_setting_names_the_argument_and_the_variable(
    cls: Any, argument: str, variable: str, value: str | None
) -> None:
    given = {"pat": KEY, "user_id": "me", "app_id": "app", argument: value}
    with pytest.raises(ConfigurationError, match=rf"{argument}= or set {variable}"):
        cls(**given)


@CLIENTS
def test_a_client_reads_the_environment_when_it_is_made(cls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in [("PAT", KEY), ("USER_ID", "ada"), ("APP_ID", "zoo"), ("API_BASE", "http://localhost:8/x")]:
        monkeypatch.setenv(f"CLARIFAI_{name}", value)
    assert repr(cls()) == f"{cls.__name__}(user_id='ada', app_id='zoo', base_url='http://localhost:8/x')"


def test_both_clients_take_the_same_arguments() -> None:
    assert inspect.signature(Client) == inspect.signature(AsyncClient)
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in inspect.signature(Client).parameters.values())


def showing(text: str, tb: Any) -> list[str]:
    """Return the local variables of our frames in which a text can be seen, by name."""
    frames = [frame for frame, _ in traceback.walk_tb(tb)][1:]  # the first is the test's
    return [name for f in frames for name, held in f.f_locals.items() if name != "self" and text in repr(held)]


# --- keys ----------------------------------------------------------------------------------------


WORDS = ["Key s3cret", "key s3cret", "Bearer s3cret"]
NO_KEYS = [*WORDS, "s3 cret", "s3\ncret", "s3\tcret", "s3cret\x00", "s3cretä", b"s3cret"]


@CLIENTS
@pytest.mark.parametrize("argument", ["pat", "token"])
@pytest.mark.parametrize("key", NO_KEYS, ids=repr)
def test_what_cannot_be_a_key_is_refused_without_showing_it(cls: Any, argument: str, key: Any) -> None:
    with pytest.raises(ConfigurationError, match=argument) as caught:
        cls(**{argument: key}, user_id="me", app_id="app")
    assert "cret" not in str(caught.value) + repr(caught.value)


@CLIENTS
@pytest.mark.parametrize(
    "given",
    [
        {"pat": "Key s3cret"},
        {"token": "Key s3cret"},
        {"pat": "s3cret", "token": "Key s3cret"},
        {"pat": "s3cret", "token": "s3cret"},
        {"pat": "s3cret", "user_id": ""},
    ],
    ids=["no pat", "no token", "pat and no token", "both", "no user"],
)
def test_no_frame_of_a_client_that_is_refused_holds_the_key(cls: Any, given: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cls(**{"user_id": "me", "app_id": "app", **given})
    assert showing("s3cret", caught.tb) == []


def test_no_frame_of_a_client_that_is_refused_holds_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARIFAI_PAT", "s3cret")
    with pytest.raises(ConfigurationError) as caught:
        Client(app_id="app")
    assert showing("s3cret", caught.tb) == []


@CLIENTS
@pytest.mark.parametrize("wrong", [{"max_retries": -1}, {"http_client": 5}], ids=["setting", "http_client"])
def test_a_client_that_is_refused_has_a_repr_for_those_who_print_frames(cls: Any, wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cls(pat=KEY, user_id="me", app_id="app", **wrong)
    [made] = {id(f): f for frame, _ in traceback.walk_tb(caught.tb) if (f := frame.f_locals.get("self"))}.values()
    assert cls.__name__ in repr(made)


@pytest.mark.parametrize("variable", ["CLARIFAI_PAT", "CLARIFAI_SESSION_TOKEN"])
def test_a_variable_that_cannot_be_a_key_is_named_and_not_shown(variable: str) -> None:
    with pytest.raises(ConfigurationError, match=variable) as caught:
        settings({variable: "Key s3cret"}, pat=None)
    assert "s3cret" not in str(caught.value)


def test_a_key_shows_nowhere_but_where_it_is_asked_for() -> None:
    key = Secret("s3cret")
    assert (key.reveal(), repr(key), str(key), f"{key}") == ("s3cret", *["Secret(***)"] * 3)
    assert "s3cret" not in repr(settings(pat="s3cret"))
    assert key.redact("said s3cret, s3cret") == "said ***, ***"


def test_a_key_is_not_pickled_and_a_copy_is_the_same_key() -> None:
    key = Secret("s3cret")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert copy.deepcopy(key) is key


# --- quotes, which an env file leaves -----------------------------------------------------------------

QUOTED = ['"s3cret"', "'s3cret'", '"s3cret', "s3cret'", '""', ' "s3cret"\n', "`s3cret`", '"Key s3cret"']
SETTINGS = [
    ("pat", "CLARIFAI_PAT", None),
    ("token", "CLARIFAI_SESSION_TOKEN", None),
    ("user_id", "CLARIFAI_USER_ID", "user_id (CLARIFAI_USER_ID)"),
    ("app_id", "CLARIFAI_APP_ID", "app_id (CLARIFAI_APP_ID)"),
    ("base_url", "CLARIFAI_API_BASE", "base_url (CLARIFAI_API_BASE)"),
]


@pytest.mark.parametrize("text", QUOTED, ids=repr)
@pytest.mark.parametrize(("argument", "variable", "both"), SETTINGS)
def test_quotes_around_a_setting_are_refused_by_name_without_showing_it(
    argument: str, variable: str, both: str | None, text: str
) -> None:
    absent = {argument: None, "pat": None if argument in ("pat", "token") else KEY}
    for name, environ, given in [(argument, {}, {argument: text}), (variable, {variable: text}, {})]:
        with pytest.raises(ConfigurationError) as caught:
            settings(environ, **{**absent, **given})
        assert str(caught.value).startswith(f"{both or name} has a quote at its beginning or end")
        assert "s3cret" not in f"{caught.value} {caught.value!r}"


@CLIENTS
@pytest.mark.parametrize("argument", ["pat", "token"])
def test_no_frame_shows_a_key_in_quotes(cls: Any, argument: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cls(**{argument: '"s3cret"'}, user_id="me", app_id="app")
    assert showing("s3cret", caught.tb) == []


def test_a_copy_with_an_id_in_quotes_is_refused(connect: Any, emulator: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"app_id \(CLARIFAI_APP_ID\) has a quote"):
        connect(emulator).with_options(app_id="'app'")


# --- numbers and the rest ------------------------------------------------------------------------


@pytest.mark.parametrize("given", [1, 0.5, np.float64(2.0)])
def test_seconds_are_a_number(given: float) -> None:
    assert settings(timeout=given).timeout == settings(deadline=given).deadline == float(given)
    assert type(settings(timeout=given).timeout) is float


def test_no_end_and_a_timeout_of_httpx_are_kept_as_they_are() -> None:
    given = httpx.Timeout(5, connect=1)
    assert settings(timeout=given).timeout is given
    assert settings(timeout=None).timeout is settings(deadline=None).deadline is None


def test_a_deadline_may_be_over_already() -> None:
    assert (settings(deadline=0).deadline, settings(deadline=-1).deadline) == (0.0, -1.0)


class Timeout:
    """A timeout of another library."""


NO_SECONDS = [True, "5", b"5", [5], float("nan"), float("inf"), 10**400, NOT_GIVEN]


@CLIENTS
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *[("timeout", value) for value in [*NO_SECONDS, 0, -1, Timeout()]],
        *[("deadline", value) for value in [*NO_SECONDS, httpx.Timeout(5)]],
        *[("max_retries", value) for value in [-1, True, 1.0, "4", None]],
        *[("fractional_values", value) for value in [1, 0, None, "no"]],
        *[(name, value) for name in ("user_id", "app_id") for value in [5, b"me", ["me"], 0, False]],
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:20],
)
def test_a_setting_of_the_wrong_kind_is_refused_and_named(cls: Any, argument: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=argument):
        cls(**{"pat": KEY, "user_id": "me", "app_id": "app", argument: value})


@pytest.mark.parametrize("argument", ["user_id", "app_id"])
def test_an_id_of_spaces_is_no_id(argument: str) -> None:
    with pytest.raises(ConfigurationError, match=f"There is no {argument}"):
        settings(None, **{argument: " "})


def test_a_newline_at_the_end_of_a_variable_is_not_part_of_an_id() -> None:
    found = settings({"CLARIFAI_USER_ID": "ada\n", "CLARIFAI_APP_ID": " zoo "}, user_id=None, app_id=None)
    assert (found.user_id, found.app_id) == ("ada", "zoo")


# --- httpx ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cls", "argument", "value"),
    [
        (Client, "transport", httpx.AsyncHTTPTransport()),
        (AsyncClient, "transport", httpx.HTTPTransport()),
        (Client, "transport", lambda request: httpx.Response(200)),
        (Client, "http_client", httpx.AsyncClient()),
        (AsyncClient, "http_client", httpx.Client()),
        (Client, "http_client", httpx.HTTPTransport()),
    ],
)
def test_httpx_of_the_wrong_kind_is_refused_and_named(cls: Any, argument: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{argument} of {cls.__name__} must be an httpx"):
        cls(pat=KEY, user_id="me", app_id="app", **{argument: value})


@pytest.mark.parametrize(
    "more",
    [{"verify": False}, {"proxy": "http://proxy"}, {"transport": httpx.HTTPTransport()}],
    ids=lambda d: next(iter(d)),
)
def test_an_http_client_brings_its_own_verify_proxy_and_transport(more: dict[str, Any]) -> None:
    with httpx.Client() as http, pytest.raises(ConfigurationError, match="http_client= has its own"):
        Client(pat=KEY, user_id="me", app_id="app", http_client=http, **more)


# --- copies --------------------------------------------------------------------------------------


def test_a_copy_has_the_settings_it_is_given_and_keeps_the_others(connect: Any, emulator: Any) -> None:
    client = connect(emulator, token=KEY, pat=None, timeout=5, deadline=50, max_retries=1, fractional_values=True)
    copied = client.with_options(app_id="other", timeout=None)
    kept = [name for name in client._settings._fields if name not in ("app_id", "timeout")]
    assert [getattr(copied._settings, name) for name in kept] == [getattr(client._settings, name) for name in kept]
    assert (copied._settings.app_id, copied._settings.timeout) == ("other", None)


@pytest.mark.parametrize("options", [{"pat": "other"}, {"token": "other"}], ids=["pat", "token"])
def test_a_copy_may_have_another_key(connect: Any, emulator: Any, options: dict[str, str]) -> None:
    copied = connect(emulator).with_options(**options)
    assert (copied._settings.key.reveal(), copied._settings.is_token) == ("other", "token" in options)


def test_a_setting_that_a_copy_cannot_have_is_refused_and_named(connect: Any, emulator: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_retries"):
        connect(emulator).with_options(max_retries=-1)


@pytest.mark.parametrize("name", [".", "..", " .. "])
@pytest.mark.parametrize("setting", ["user_id", "app_id"])
def test_an_id_that_would_mean_another_place_in_a_url_is_refused(setting: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be part of a URL"):
        Client(pat="0" * 32, **{"user_id": "me", "app_id": "app", setting: name})  # type: ignore[arg-type]  # of text
