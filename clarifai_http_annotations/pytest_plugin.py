"""What pytest loads for those who have this library: an emulator for their tests, and a watch over every ``value``.

Rules:

1. Loading it loads pytest, which is there, and nothing else: every project of an environment does. What is
   heavy is loaded by the first fixture that is used.
2. A test whose code sent a concept without ``value`` fails, itself and not its teardown. If it failed
   anyhow, its own failure is shown, with the places below it. A test that ends in another way (skipped,
   expected to fail) has them as an error of its teardown: no place is passed over, and none is told twice.
3. A test has an emulator of its own, and the environment is afterwards what it was before. Variables are set
   by the ``monkeypatch`` of the test, so that they nest with what the test sets; the way to the emulator is
   not, so that ``monkeypatch.undo()`` does not open the one to Clarifai.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import Emulator, Server

MARKER = "clarifai_allow_missing_value"
MOST_SHOWN = 10
"""Places in one failure."""


@dataclass
class _Watch:
    """The places in which a test's emulator missed a value, and that nobody was told of yet."""

    places: list[str] = field(default_factory=list)


_WATCH = pytest.StashKey[_Watch]()


# --- fixtures --------------------------------------------------------------------------------------


@pytest.fixture
def clarifai_emulator_settings() -> dict[str, Any]:
    """Arguments of the `Emulator` of ``clarifai_emulator`` and ``clarifai_server``; yours to override."""
    return {}


@pytest.fixture
def clarifai_emulator(
    clarifai_emulator_settings: dict[str, Any], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """An `Emulator` in this process, which every client reaches that is made meanwhile without a key or an address.

    So does whatever else is sent to Clarifai with httpx. A concept without ``value`` fails the test.
    """
    from .testing import no_waiting
    from .testing._inside import ADDRESS, inside

    emulator = _made_of(clarifai_emulator_settings)
    watch = request.node.stash[_WATCH] = _Watch()
    emulator._on_missing_value = watch.places.append
    _point_at(ADDRESS, emulator, monkeypatch)
    with ExitStack() as stack:
        stack.enter_context(inside(emulator))
        if clarifai_emulator_settings.get("rate") is None:
            stack.enter_context(no_waiting())  # there is nothing to keep to
        yield emulator
    try:
        _fail_for_news(request.node)  # of the teardown of other fixtures, or of a test that did not fail for it
    finally:
        del request.node.stash[_WATCH]  # or it would be kept until the last test of all


@pytest.fixture
def clarifai_server(clarifai_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The emulator of ``clarifai_emulator`` behind a socket of this machine, for any way to speak HTTP."""
    from .testing import serve

    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(clarifai_emulator))
        except ImportError as missing:
            needed = str(missing)
        else:
            _point_at(server.url, clarifai_emulator, monkeypatch)
            _keep_proxies_out(monkeypatch)
            yield server
            return
    pytest.fail(needed, pytrace=False)


def _made_of(settings: Any) -> Emulator:
    from .testing import Emulator

    try:
        return Emulator(**settings)
    except Exception as wrong:  # noqa: BLE001 # whatever it is, its traceback would show the settings, and so the key
        what = f"arguments of Emulator, not {_shown(settings)}: {wrong}"
    pytest.fail(f"The fixture clarifai_emulator_settings must return a dict of {what}", pytrace=False)


def _shown(settings: Any) -> str:
    """Return settings as a log may have them: a key may be ``pat``, or under a name that Emulator does not have."""
    from .config import Secret
    from .testing import Emulator

    if not isinstance(settings, dict):
        return f"a {type(settings).__name__}"
    shown = (Emulator.__init__.__kwdefaults__ or {}).keys() - {"pat"}
    return repr({name: value if name in shown else Secret(value) for name, value in settings.items()})


def _point_at(address: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what a client reads from the environment."""
    settings = emulator._settings({"base_url": address})
    monkeypatch.delenv("CLARIFAI_SESSION_TOKEN", raising=False)
    for variable, argument in (
        ("CLARIFAI_PAT", "pat"),
        ("CLARIFAI_USER_ID", "user_id"),
        ("CLARIFAI_APP_ID", "app_id"),
        ("CLARIFAI_API_BASE", "base_url"),
    ):
        monkeypatch.setenv(variable, settings[argument])


def _keep_proxies_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what speaks HTTP reach this machine without a proxy of the environment; this library does anyhow."""
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, ",".join(filter(None, [os.environ.get(variable), "127.0.0.1"])))


# --- the watch -------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}: the code under test may send Clarifai a concept without `value`.")


@pytest.hookimpl(trylast=True)  # after the test itself has run, and only if it did not fail
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fail a test that sent a concept without ``value``."""
    _fail_for_news(item)


@pytest.hookimpl(hookwrapper=True)  # in the form that every pytest knows
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Say below the failure of a test what else is wrong with it, and note that it was said."""
    outcome = yield
    report = outcome.get_result()
    said = _news(item)
    if not said:
        return
    is_told = call.excinfo is not None and said in str(call.excinfo.value)  # also if it is expected to fail
    if report.failed and not is_told:
        report.sections.append(("Sent to Clarifai without value", said))
    if report.failed or is_told:
        item.stash[_WATCH].places.clear()


def _fail_for_news(item: pytest.Item) -> None:
    if said := _news(item):
        pytest.fail(said, pytrace=False)


def _news(item: pytest.Item) -> str:
    """Return what is wrong with what a test sent and was not told; empty if nothing is, or if it may be."""
    watch = item.stash.get(_WATCH, None)
    places = [] if watch is None else watch.places
    if not places or item.get_closest_marker(MARKER) is not None:
        return ""
    what = "1 concept was" if len(places) == 1 else f"{len(places)} concepts were"
    shown = [f"  {place}" for place in places[:MOST_SHOWN]]
    if len(places) > MOST_SHOWN:
        shown.append(f"  ... and {len(places) - MOST_SHOWN} more")
    return "\n".join(
        [
            f"{what} sent without `value`. Over HTTP that is positive (1.0), also where absent was meant:",
            *shown,
            "Send 1 or 0 with every concept: positive(...) or negative(...) of clarifai_http_annotations.",
            f"A test in which it is meant is marked with @pytest.mark.{MARKER}.",
        ]
    )
