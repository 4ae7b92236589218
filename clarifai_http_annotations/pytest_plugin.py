"""What pytest loads for those who have this library: an emulator for their tests, and a watch over what they send.

Rules:

1. Loading it loads pytest, which is there, and nothing else: every project of an environment does. What is
   heavy is loaded by the first fixture that is used.
2. A test whose code sent a concept without ``value``, or began a connection past the emulator, fails, itself and
   not its teardown. If it failed anyhow, its own failure is shown, with what was found below it. A test that ends in
   another way (skipped, expected to fail) has it as an error of its teardown: nothing is passed over, and nothing
   is told twice.
3. A test has an emulator of its own, and the environment is afterwards what it was before. Variables are set
   by the ``monkeypatch`` of the test, so that they nest with what the test sets; the way to the emulator and the
   watch over connections are not, so that ``monkeypatch.undo()`` does not open the one to Clarifai.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import Emulator, Server
    from .testing._connections import Connection, Target
    from .testing._inside import Inside

MARKER = "clarifai_allow_missing_value"
MOST_SHOWN = 10
"""Places in one failure."""

CLARIFAI = "clarifai.com"
"""The domain of every host of Clarifai."""

MOCKS = ("httpx_mock", "respx_mock")
"""The fixtures of pytest-httpx and respx, which replace the same method of httpx as `Inside` does."""


class NetworkBlockedError(pytest.fail.Exception):  # type: ignore[name-defined,misc]  # an attribute of a function
    """A connection to Clarifai, past the emulator, was refused.

    It is no ``OSError`` and no ``Exception``, so that neither a library nor the code under test takes it for a
    failure of the network. The test fails at its end even if something swallowed it.
    """


@dataclass
class _Watch:
    """What was found in a test that has an emulator, and that nobody was told of yet.

    Attributes:
        inside: The door to the emulator that is inside of httpx.
        doors: What closes the doors.
        places: Where a value was missing.
        refused: Connections, each with the error that it was refused with.
        server: Address of the emulator on a socket, if it is on one.
    """

    inside: Inside
    doors: ExitStack = field(default_factory=ExitStack)
    places: list[str] = field(default_factory=list)
    refused: list[tuple[Connection, NetworkBlockedError]] = field(default_factory=list)
    server: str | None = None

    def refuse(self, connection: Connection) -> None:
        __tracebackhide__ = True
        error = NetworkBlockedError(f"A connection past the emulator was refused: {connection}. {self.what_to_do()}")
        self.refused.append((connection, error))
        raise error

    def what_to_do(self) -> str:
        if self.server is None:
            return (
                "The fixture clarifai_emulator answers httpx only, at api.clarifai.com and CLARIFAI_API_BASE. For "
                "other libraries use the fixture clarifai_server, and send to CLARIFAI_API_BASE."
            )
        return f"Send to CLARIFAI_API_BASE instead, which is {self.server} in this test."


_WATCH = pytest.StashKey[_Watch]()
_HAS_MOCK = pytest.StashKey[bool]()


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

    So does whatever else is sent to Clarifai with httpx. A concept without ``value`` fails the test, and so does a
    connection to Clarifai by any other way (`NetworkBlockedError`).
    """
    from .testing import no_waiting
    from .testing._connections import watched
    from .testing._inside import ADDRESS, Inside

    emulator = _made_of(clarifai_emulator_settings)
    watch = request.node.stash[_WATCH] = _Watch(Inside(emulator))
    emulator._on_missing_value = watch.places.append
    targets = _targets(ADDRESS)
    _point_at(ADDRESS, emulator, monkeypatch)
    _keep_proxies_out(monkeypatch, *(target.host for target in targets))
    with watch.doors as doors:
        doors.enter_context(watch.inside.opened())
        doors.enter_context(watched(lambda: [*targets, *_base(elsewhere=True)], watch.refuse))
        if clarifai_emulator_settings.get("rate") is None:
            doors.enter_context(no_waiting())  # there is nothing to keep to
        yield emulator
    try:
        _fail_for_news(request.node)  # of the teardown of other fixtures, or of a test that did not fail for it
    finally:
        del request.node.stash[_WATCH]  # or it would be kept until the last test of all


@pytest.fixture
def clarifai_server(
    clarifai_emulator: Emulator, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The emulator of ``clarifai_emulator`` behind a socket of this machine, for any way to speak HTTP."""
    from .testing import serve

    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(clarifai_emulator))
        except ImportError as missing:
            needed = str(missing)
        else:
            _point_at(server.url, clarifai_emulator, monkeypatch)
            _keep_proxies_out(monkeypatch, "127.0.0.1")
            request.node.stash[_WATCH].server = server.url
            _be_before_mocks(request.node)
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
    """Return settings as a log may have them: keys are in two of them, or under a name that is none of Emulator."""
    from ._secret import Secret
    from .testing import Emulator

    if not isinstance(settings, dict):
        return f"a {type(settings).__name__}"
    shown = (Emulator.__init__.__kwdefaults__ or {}).keys() - {"pat", "app_keys"}
    return repr({name: value if name in shown else Secret(value) for name, value in settings.items()})


def _point_at(address: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what a client reads from the environment."""
    settings = emulator._settings({"base_url": address})
    for name in ("CLARIFAI_SESSION_TOKEN", "CLARIFAI_APP_KEY"):
        monkeypatch.delenv(name, raising=False)
    for variable, argument in (
        ("CLARIFAI_PAT", "pat"),
        ("CLARIFAI_USER_ID", "user_id"),
        ("CLARIFAI_APP_ID", "app_id"),
        ("CLARIFAI_API_BASE", "base_url"),
    ):
        monkeypatch.setenv(variable, settings[argument])


def _keep_proxies_out(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let what speaks HTTP reach hosts without a proxy of the environment, behind which nobody sees where it goes."""
    for variable in ("NO_PROXY", "no_proxy"):
        said = os.environ.get(variable, "").strip()
        if said != "*":  # all hosts, for most libraries if it stands alone
            names = [host for host in hosts if ":" not in host]  # libraries read an address of IPv6 in several ways
            monkeypatch.setenv(variable, ",".join(filter(None, [said, *names])))


def _targets(address: str) -> list[Target]:
    """Return what a test must not connect to: Clarifai, and where a client would have gone or would go now."""
    from .testing._connections import Target

    return list(dict.fromkeys([Target(CLARIFAI, is_domain=True), Target.of_url(address), *_base()]))


def _base(*, elsewhere: bool = False) -> Iterator[Target]:
    """Yield where ``CLARIFAI_API_BASE`` leads, if it does; a server on this machine may be left out.

    One that the test has begun itself is its own, such as another emulator.
    """
    from .config import check_base_url
    from .errors import ConfigurationError
    from .testing._connections import THIS_MACHINE, Target

    base = os.environ.get("CLARIFAI_API_BASE", "").strip()
    if base:
        with suppress(ConfigurationError):
            target = Target.of_url(check_base_url(base)[0])
            if not (elsewhere and target.host == THIS_MACHINE):
                yield target


# --- the watch -------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}: the code under test may send Clarifai a concept without `value`.")


@pytest.hookimpl(trylast=True)  # after the test itself has run, and only if it did not fail
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fail a test that sent a concept without ``value``, or began a connection past the emulator and went on."""
    _fail_for_news(item)


@pytest.hookimpl(hookwrapper=True)  # in the form that every pytest knows
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Say below the failure of a test what else is wrong with it, and note that it was said."""
    outcome = yield
    report = outcome.get_result()
    watch = item.stash.get(_WATCH, None)
    if watch is None:
        return
    error = None if call.excinfo is None else call.excinfo.value
    shown = list(map(id, _shown_with(error)))
    watch.refused[:] = [(connection, refused) for connection, refused in watch.refused if id(refused) not in shown]
    for title, said, found in _news(item):
        is_told = error is not None and said in str(error)  # also if it is expected to fail
        if report.failed and not is_told:
            report.sections.append((title, said))
        if report.failed or is_told:
            found.clear()


@pytest.hookimpl(hookwrapper=True)  # likewise
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None]:
    """Answer what is for the emulator before pytest-httpx or respx does, whichever fixture comes first."""
    yield
    if fixturedef.argname in MOCKS:
        request.node.stash[_HAS_MOCK] = True
        _be_before_mocks(request.node)


def _be_before_mocks(item: pytest.Item) -> None:
    watch = item.stash.get(_WATCH, None)
    if watch is None or not item.stash.get(_HAS_MOCK, False):
        return
    if watch.server is not None:
        watch.inside.addresses.add(watch.server)  # what httpx sends to the socket would not get there
    watch.doors.enter_context(watch.inside.opened())


def _shown_with(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that pytest shows with it."""
    if error is not None:
        yield error
        yield from _shown_with(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
        for one in getattr(error, "exceptions", ()):
            yield from _shown_with(one)


def _fail_for_news(item: pytest.Item) -> None:
    if news := _news(item):
        pytest.fail("\n\n".join(said for _, said, _ in news), pytrace=False)


def _news(item: pytest.Item) -> list[tuple[str, str, list[Any]]]:
    """Return what was found and not told: a title, what to say, and where it is kept."""
    watch = item.stash.get(_WATCH, None)
    news: list[tuple[str, str, list[Any]]] = []
    if watch is not None and watch.places and item.get_closest_marker(MARKER) is None:
        news.append(("Sent to Clarifai without value", _without_value(watch.places), watch.places))
    if watch is not None and watch.refused:
        named = list(dict.fromkeys(str(connection) for connection, _ in watch.refused))
        what = "A connection past the emulator was refused, and the test went on:"
        if len(watch.refused) > 1:
            what = f"{len(watch.refused)} connections past the emulator were refused, and the test went on:"
        said = "\n".join([what, *_first(named), watch.what_to_do()])
        news.append(("Connections past the emulator", said, watch.refused))
    return news


def _without_value(places: list[str]) -> str:
    what = "1 concept was" if len(places) == 1 else f"{len(places)} concepts were"
    return "\n".join(
        [
            f"{what} sent without `value`. Over HTTP that is positive (1.0), also where absent was meant:",
            *_first(places),
            "Send 1 or 0 with every concept: positive(...) or negative(...) of clarifai_http_annotations.",
            f"A test in which it is meant is marked with @pytest.mark.{MARKER}.",
        ]
    )


def _first(lines: list[str]) -> list[str]:
    more = [f"  ... and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
    return [*(f"  {line}" for line in lines[:MOST_SHOWN]), *more]
