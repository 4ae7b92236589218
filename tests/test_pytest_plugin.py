"""The plugin, as the tests of a user meet it: in sessions of pytest of their own."""

from __future__ import annotations

import re
import textwrap

import pytest
from plugin_project import MEANING, PLACE, ROOT, Project, glob

import clarifai_http_annotations.testing._connections  # noqa: F401 # once a process: it sets a hook that stays

pytest_plugins = ["pytester"]

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # what is tested is this checkout
    return Project(pytester)


BOTH = pytest.mark.parametrize("fixture", ["clarifai_emulator", "clarifai_server"])


# --- reaching it ---------------------------------------------------------------------------------


@BOTH
def test_code_that_just_makes_a_client_reaches_it(project: Project, fixture: str) -> None:
    project.has(f"""
def test_labels({fixture}):
    label()
    assert values(getattr({fixture}, "emulator", {fixture})) == [0.0]
""")
    project.run().assert_outcomes(passed=1)
    project.run_apart("-p", "no:cacheprovider").assert_outcomes(passed=1)


@BOTH
@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
def test_so_does_code_that_awaits(project: Project, fixture: str, mark: str) -> None:
    project.has(f"""
pytestmark = pytest.mark.{mark}

@pytest.fixture
def anyio_backend():
    return "asyncio"

async def test_labels({fixture}):
    await label_async()
    assert values(getattr({fixture}, "emulator", {fixture})) == [0.0]

async def test_forgets({fixture}):
    await forget_async()
""")
    for result in (project.run(), project.run_apart()):
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines([f"*{glob(PLACE)}"])


def test_what_is_sent_to_clarifai_itself_with_httpx_stays_here(project: Project) -> None:
    project.has("""
@pytest.mark.clarifai_allow_missing_value
def test_it(clarifai_emulator):
    forget("https://api.clarifai.com")
    forget("http://api.clarifai.com")
    assert values(clarifai_emulator) == [1.0, 1.0]
""")
    project.run().assert_outcomes(passed=1)


def test_other_addresses_go_their_usual_way(project: Project) -> None:
    project.has("""
from clarifai_http_annotations.testing import Emulator, serve

def test_it(clarifai_emulator):
    with serve(Emulator()) as other, other.client() as client:
        client.create(Annotation.of("in-1", negative("water")))
    assert (len(other.emulator.annotations), clarifai_emulator.requests) == (1, [])

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_it_async(clarifai_emulator, anyio_backend):
    with serve(Emulator()) as other:
        async with other.async_client() as client:
            await client.create(Annotation.of("in-1", negative("water")))
    assert (len(other.emulator.annotations), clarifai_emulator.requests) == (1, [])
""")
    project.run().assert_outcomes(passed=2)


def test_without_httpx_the_server_is_reached(project: Project) -> None:
    result = project.has("def test_server(clarifai_server):\n    forget_without_httpx()\n").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{glob(PLACE)}"])


def test_both_fixtures_of_one_test_are_two_doors_to_one_emulator(project: Project) -> None:
    project.has("""
@pytest.mark.parametrize("first", ["clarifai_server", "clarifai_emulator"])
def test_it(request, first):
    request.getfixturevalue(first)
    server, emulator = request.getfixturevalue("clarifai_server"), request.getfixturevalue("clarifai_emulator")
    assert server.emulator is emulator
    assert os.environ["CLARIFAI_API_BASE"] == server.url
    label()
    assert values(emulator) == [0.0]
""")
    project.run().assert_outcomes(passed=2)


@BOTH
def test_each_test_has_its_own_and_none_leaves_a_trace(
    project: Project, fixture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARIFAI_PAT", "of-this-machine")
    monkeypatch.setenv("CLARIFAI_SESSION_TOKEN", "of-this-machine")
    monkeypatch.setenv("CLARIFAI_APP_KEY", "of-this-machine")
    project.has(f"""
@pytest.fixture(autouse=True)
def _set_up_before_all_others(monkeypatch):
    pass

@pytest.mark.parametrize("number", range(3))
def test_it({fixture}, number, monkeypatch):
    assert values(getattr({fixture}, "emulator", {fixture})) == []
    assert os.environ["CLARIFAI_PAT"] == "emulator-key"
    assert not {{"CLARIFAI_SESSION_TOKEN", "CLARIFAI_APP_KEY"}} & os.environ.keys()
    monkeypatch.setenv("CLARIFAI_APP_ID", "other-app")
    label()

def test_after():
    said = {{name: value for name, value in os.environ.items() if name.startswith("CLARIFAI_")}}
    assert said == dict.fromkeys(["CLARIFAI_PAT", "CLARIFAI_SESSION_TOKEN", "CLARIFAI_APP_KEY"], "of-this-machine")
    assert httpx.HTTPTransport.handle_request.__module__.startswith("httpx")
    assert httpx.AsyncHTTPTransport.handle_async_request.__module__.startswith("httpx")
""")
    project.run_apart().assert_outcomes(passed=4)
    project.run().assert_outcomes(passed=4)


def test_the_emulator_is_made_as_the_project_says(project: Project) -> None:
    project.has("""
from clarifai_http_annotations import AuthenticationError

@pytest.fixture
def clarifai_emulator_settings():
    return {"pat": "mine", "inputs": ["in-1"], "rate": 1000}

def test_it(clarifai_emulator):
    label()
    assert os.environ["CLARIFAI_PAT"] == "mine"
    with Client(pat="other") as client, pytest.raises(AuthenticationError):
        list(client.list())
""")
    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("None", "a NoneType"),
        ("{'input': ['in-1']}", "{'input': Secret(***)}"),
        *[
            (wrong, wrong)
            for wrong in (
                "{'inputs': 'in-1'}",
                "{'apps': ['mine']}",
                "{'apps': [1]}",
                "{'faults': ['no_such']}",
                "{'faults': 'reset_after'}",
            )
        ],
    ],
)
def test_settings_that_are_none_are_said_in_one_line(project: Project, wrong: str, said: str) -> None:
    result = project.has(settings_are(wrong)).run()
    result.assert_outcomes(errors=1)
    start = f"The fixture clarifai_emulator_settings must return a dict of arguments of Emulator, not {said}: "
    result.stdout.fnmatch_lines([f"{glob(start)}*"])


def settings_are(settings: str) -> str:
    return f"""
@pytest.fixture
def clarifai_emulator_settings():
    return {settings}

def test_it(clarifai_emulator):
    pass
"""


@pytest.mark.parametrize(
    "settings",
    [
        "{'pat': KEY, 'inputs': 'in-1'}",
        "{'pat': KEY.encode()}",
        "{'pat': [KEY]}",
        "{'pat': KEY, 'poison': 3, 'apps': type('Apps', (), {'__iter__': lambda self: 1 / 0})()}",
        "{'token': KEY}",
        "{'app_keys': {KEY: 'zoo'}}",
        "{'app_keys': {KEY: ('ada', 'zoo')}, 'inputs': 'in-1'}",
        "{'PAT': {'key': KEY}}",
        "KEY",
        "[KEY]",
    ],
)
def test_settings_that_are_none_never_show_a_key(project: Project, settings: str) -> None:
    key = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
    settings = settings.replace("KEY", "''.join(['5ec4e7', '5ec4e7' * 4, '5e'])")  # pytest may print the code itself
    result = project.has(settings_are(settings)).run("--showlocals")
    result.assert_outcomes(errors=1)
    assert "must return a dict of arguments of Emulator" in result.stdout.str()
    assert key[:10] not in result.stdout.str() + result.stderr.str()


def test_the_app_that_exists_is_the_one_that_is_named(project: Project) -> None:
    project.has("""
@pytest.fixture
def clarifai_emulator_settings():
    return {"apps": [("somebody", "mine"), ("somebody", "other")]}

def test_it(clarifai_emulator):
    label()
    assert (os.environ["CLARIFAI_USER_ID"], os.environ["CLARIFAI_APP_ID"]) == ("somebody", "mine")
""")
    project.run().assert_outcomes(passed=1)


def test_clients_wait_only_for_an_emulator_that_has_a_rate(project: Project) -> None:
    project.has("""
from clarifai_http_annotations import _retry

@pytest.fixture
def clarifai_emulator_settings(request):
    return request.param

@pytest.mark.parametrize("clarifai_emulator_settings", [{}, {"rate": 5}], indirect=True)
def test_it(clarifai_emulator, clarifai_emulator_settings):
    assert _retry.is_waiting() == ("rate" in clarifai_emulator_settings)

def test_after():
    assert _retry.is_waiting()
""")
    project.run().assert_outcomes(passed=3)


def test_an_emulator_does_not_outlive_its_test(project: Project) -> None:
    project.has("""
import gc, weakref

KEPT = []

def test_it(clarifai_emulator):
    KEPT.append(weakref.ref(clarifai_emulator))

def test_after():
    gc.collect()
    assert KEPT[0]() is None
""")
    project.run().assert_outcomes(passed=2)


def test_a_proxy_of_the_environment_does_not_stand_before_the_server(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "example.org")
    project.has("""
@pytest.mark.clarifai_allow_missing_value
def test_it(clarifai_server):
    forget_without_httpx()
    assert os.environ["NO_PROXY"] == "example.org,clarifai.com,localhost,127.0.0.1"
""")
    project.run_apart().assert_outcomes(passed=1)


def test_nobody_waits_for_an_emulator_that_fails(project: Project) -> None:
    project.has("""
import time

@pytest.fixture
def clarifai_emulator_settings():
    return {"faults": ["http_503_before"] * 3}

def test_it(clarifai_emulator):
    started = time.monotonic()
    label()
    assert len(clarifai_emulator.requests) == 4
    assert time.monotonic() - started < 0.4
""")
    project.run().assert_outcomes(passed=1)


# --- what fails a test ---------------------------------------------------------------------------


@BOTH
def test_a_concept_without_value_fails_the_test_and_names_its_place(project: Project, fixture: str) -> None:
    project.has(f"def test_it({fixture}):\n    forget()\n")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_it _*",
            f"{MEANING}, also where absent was meant:",
            f"  {glob(PLACE)}",
            "Send 1 or 0 with every concept: positive(...) or negative(...) *",
            "A test in which it is meant is marked with @pytest.mark.clarifai_allow_missing_value.",
            "*short test summary*",
            "FAILED test_it.py::test_it - Failed: 1 concept was sent without `value`*",
        ],
        consecutive=False,
    )


def test_the_request_is_named_by_its_number_and_many_places_are_counted(project: Project) -> None:
    project.has("def test_it(clarifai_emulator):\n    label()\n    for _ in range(12):\n        forget()\n")
    result = project.run()
    result.stdout.fnmatch_lines(["12 concepts were sent*", "  request 2, *", "  request 11, *", "  ... and 2 more"])
    result.stdout.no_fnmatch_line("  request 12, *")


def test_a_class_and_a_unittest_fail_as_well(project: Project) -> None:
    project.has("""
class TestClass:
    def test_it(self, clarifai_emulator):
        forget()

@pytest.mark.usefixtures("clarifai_emulator")
class TestCase(unittest.TestCase):
    def test_it(self):
        forget()
""")
    project.run().assert_outcomes(failed=2)


def test_the_failure_of_the_test_itself_is_shown_first(project: Project) -> None:
    project.has("""
def test_it(clarifai_emulator):
    forget()
    assert "what it is about" == "other"

@pytest.mark.usefixtures("clarifai_emulator")
class TestCase(unittest.TestCase):
    def test_it(self):
        forget()
        self.assertEqual("what it is about", "other")
""")
    result = project.run()
    result.assert_outcomes(failed=2)
    places = ["*Sent to Clarifai without value*", f"{MEANING}*", f"  {glob(PLACE)}"]
    result.stdout.fnmatch_lines(["E *what it is about*", *places, "E *what it is about*", *places])
    assert not re.search(r"^FAILED .*sent without", result.stdout.str(), re.MULTILINE)


def test_what_another_fixture_sent_before_the_test_fails_it(project: Project) -> None:
    project.has("""
@pytest.fixture
def labelled(clarifai_emulator):
    forget()

def test_it(labelled):
    pass
""")
    project.run().assert_outcomes(failed=1)


def test_what_another_fixture_sent_and_then_broke_is_told_once(project: Project) -> None:
    project.has("""
@pytest.fixture
def labelled(clarifai_emulator):
    forget()
    raise RuntimeError("broken")

def test_it(labelled):
    pass
""")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *RuntimeError: broken", f"{MEANING}*"])


def test_what_another_fixture_sent_after_the_test_is_an_error_of_the_teardown(project: Project) -> None:
    project.has("""
@pytest.fixture
def labelled(clarifai_emulator):
    yield
    forget()

def test_it(labelled):
    pass

def test_next(clarifai_emulator):
    label()
""")
    result = project.run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", f"{MEANING}*"])


def test_an_item_that_is_only_named_to_be_removed_needs_no_value(project: Project) -> None:
    project.has("""
def test_it(clarifai_emulator):
    item = {"input_id": "in-1", "id": "a", "data": {"concepts": [{"id": "water"}]}}
    with Client() as client:
        client.create(Annotation.of("in-1", negative("water"), id="a"))
    body = {"action": "remove", "annotations": [item]}
    url = os.environ["CLARIFAI_API_BASE"] + PATH
    assert httpx.patch(url, headers=KEY, json=body).status_code == 200
    assert clarifai_emulator.missing_values == []
""")
    project.run().assert_outcomes(passed=1)


SUBTESTS = """
import unittest

def test_it(clarifai_emulator, subtests):
    with subtests.test("a"):
        forget()
    with subtests.test("b"):
        pass

def test_before(clarifai_emulator, subtests):
    forget()
    with subtests.test("a"):
        pass

@pytest.mark.usefixtures("clarifai_emulator")
class TestCase(unittest.TestCase):
    def test_it(self):
        for number in range(2):
            with self.subTest(number=number):
                forget()
"""


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests are part of pytest 9")
def test_a_subtest_hides_nothing(project: Project) -> None:
    result = project.has(SUBTESTS).run()
    assert result.parseoutcomes()["failed"] == 3
    result.stdout.fnmatch_lines([f"{MEANING}*", f"{MEANING}*", "2 concepts were sent*"])


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="subtests are part of pytest 9")
def test_a_subtest_that_fails_by_itself_shows_what_was_sent(project: Project) -> None:
    project.has("""
def test_it(clarifai_emulator, subtests):
    forget()
    with subtests.test("a"):
        assert "what it is about" == "other"
""")
    project.run().stdout.fnmatch_lines(["E *what it is about*", f"{MEANING}*", f"  {glob(PLACE)}"])


def test_a_test_that_is_skipped_or_expected_to_fail_hides_nothing(project: Project) -> None:
    project.has("""
def test_skips(clarifai_emulator):
    forget()
    pytest.skip("later")

def test_xfails(clarifai_emulator):
    forget()
    pytest.xfail("later")

@pytest.mark.xfail
def test_is_expected_to_fail_for_something_else(clarifai_emulator):
    forget()
    assert False

@pytest.mark.xfail
def test_is_expected_to_fail_for_it(clarifai_emulator):
    forget()
""")
    result = project.run()
    result.assert_outcomes(skipped=1, xfailed=4, errors=2)  # of what is expected to fail, the teardown is, too
    result.stdout.fnmatch_lines([f"*ERROR at teardown of {name}*" for name in ("test_skips", "test_xfails")])


REFUSED = """
def send(path=PATH, headers=KEY, body=WITHOUT_VALUE):
    return httpx.post("https://api.clarifai.com" + path, headers=headers, json=body).status_code

def test_without_key(clarifai_emulator):
    assert send(headers={}) == 401

def test_to_a_route_that_there_is_not(clarifai_emulator):
    assert send("/v2/annotations") == 404

def test_too_many(clarifai_emulator):
    assert send(body={"annotations": WITHOUT_VALUE["annotations"] * 129}) == 400

@pytest.fixture
def clarifai_emulator_settings(request):
    return {"faults": [request.param]} if hasattr(request, "param") else {}

@pytest.mark.parametrize("clarifai_emulator_settings", ["http_503_before", "items_throttled"], indirect=True)
def test_with_a_fault(clarifai_emulator):
    send()
"""


def test_what_is_refused_or_meets_a_fault_was_sent_all_the_same(project: Project) -> None:
    result = project.has(REFUSED).run()
    result.assert_outcomes(failed=5)
    assert len(re.findall("^1 concept was sent without", result.stdout.str(), re.MULTILINE)) == 4
    result.stdout.fnmatch_lines(["129 concepts were sent*"])


def test_to_reset_the_emulator_hides_nothing(project: Project) -> None:
    project.has("""
def test_it(clarifai_emulator):
    forget()
    clarifai_emulator.reset()
    assert (clarifai_emulator.requests, clarifai_emulator.missing_values) == ([], [])
    forget()
""")
    project.run().stdout.fnmatch_lines(["2 concepts were sent*"])


def test_to_undo_what_was_patched_does_not_open_the_way_to_clarifai(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARIFAI_PAT", "of-this-machine")
    monkeypatch.setenv("CLARIFAI_USER_ID", "me")
    monkeypatch.setenv("CLARIFAI_APP_ID", "app")
    project.has("""
def test_it(clarifai_emulator, monkeypatch):
    monkeypatch.undo()
    label()
    assert values(clarifai_emulator) == [0.0]
""")
    project.run().assert_outcomes(passed=1)


def test_who_replaces_the_same_method_gets_it_back_and_reaches_nothing_by_it(project: Project) -> None:
    project.has("""
@pytest.fixture
def other(monkeypatch, clarifai_emulator):
    answer = lambda self, request: httpx.Response(418)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)

def test_it(other, clarifai_emulator):
    assert httpx.get("http://localhost:1").status_code == 418

def test_after():
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://localhost:1")
""")
    project.run_apart().assert_outcomes(passed=2)


def test_what_a_fixture_sends_when_the_emulator_is_over_reaches_nobody(project: Project) -> None:
    project.has("""
@pytest.fixture(autouse=True)
def earlier(monkeypatch):
    yield
    with pytest.raises(httpx.ConnectError):
        forget()

@pytest.mark.parametrize("fixture", ["clarifai_emulator", "clarifai_server"])
def test_it(fixture, request):
    request.getfixturevalue(fixture)
    label()
""")
    project.run().assert_outcomes(passed=2)


def test_a_strict_emulator_refuses_and_the_test_fails_even_if_nobody_looked(project: Project) -> None:
    project.has("""
@pytest.fixture
def clarifai_emulator_settings():
    return {"strict": True, "record": False}

def test_it(clarifai_emulator):
    forget()
    assert clarifai_emulator.annotations == []
""")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"  {glob(PLACE.removeprefix('request 1, '))}"])


# --- what does not -------------------------------------------------------------------------------


def test_the_marker_allows_it_for_a_test_a_parameter_a_class_and_a_module(project: Project) -> None:
    project.has("""
allowed = pytest.mark.clarifai_allow_missing_value

@allowed
def test_it(clarifai_emulator):
    forget()
    assert values(clarifai_emulator) == [1.0]  # as the API has it

@pytest.mark.parametrize("action", [pytest.param(forget, marks=allowed), label, forget])
def test_one(clarifai_emulator, action):
    action()

@allowed
class TestClass:
    def test_it(self, clarifai_server):
        forget()
""")
    other = "import pytest\nfrom code_under_test import *\npytestmark = pytest.mark.clarifai_allow_missing_value\n"
    project.pytester.makepyfile(test_module=f"{other}\ndef test_it(clarifai_emulator):\n    forget()\n")
    result = project.run()
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines([f"FAILED test_it.py::test_one{glob('[')}*"])


def test_the_marker_is_listed_with_what_it_means(project: Project) -> None:
    project.run("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.clarifai_allow_missing_value: the code under test may*"]
    )


def test_an_emulator_that_a_test_makes_itself_is_its_own(project: Project) -> None:
    project.has("""
from clarifai_http_annotations.testing import Emulator

def test_it():
    emulator = Emulator()
    httpx.Client(transport=httpx.MockTransport(emulator)).post(
        "http://localhost" + PATH, headers=KEY, json=WITHOUT_VALUE)
    assert len(emulator.missing_values) == 1
""")
    project.run().assert_outcomes(passed=1)


# --- how pytest is run ---------------------------------------------------------------------------

SIX = """
@pytest.mark.parametrize("number", range(6))
def test_it(clarifai_server, number):
    label() if number else forget()
    assert len(values(clarifai_server.emulator)) == 1
"""


def test_it_works_in_several_processes(project: Project) -> None:
    result = project.has(SIX).run_apart("-n", "2")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines([f"  {glob(PLACE)}"])


def test_it_works_where_plugins_are_named_one_by_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.has(SIX).pytester.runpytest_subprocess("-W", "error", "-p", "clarifai").assert_outcomes(passed=5, failed=1)


def test_it_can_be_left_out(project: Project) -> None:
    project.has("def test_it():\n    pass\n\ndef test_emulator(clarifai_emulator):\n    pass\n")
    result = project.run_apart("-p", "no:clarifai")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *fixture 'clarifai_emulator' not found"])


def test_a_project_that_does_not_use_it_loads_nothing_of_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others load httpx: respx
    pytester.makepyfile("import sys\n\ndef test_it():\n    print('loaded', *sys.modules)\n")
    loaded = set(re.findall(r"[\w.]+", pytester.runpytest_subprocess("-s", "-p", "clarifai").stdout.str()))
    ours = {name for name in loaded if name.startswith("clarifai_http_annotations")}
    assert ours == {f"clarifai_http_annotations{name}" for name in ("", "._lazy", "._version", ".pytest_plugin")}
    assert not loaded & {"httpx", "pydantic", "tenacity", "uvicorn"}


def test_pytest_finds_it_by_itself(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile("import sys\n\ndef test_it():\n    print('loaded', *sys.modules)\n")
    loaded = set(re.findall(r"[\w.]+", pytester.runpytest_subprocess("-s").stdout.str()))
    ours = {name for name in loaded if name.startswith("clarifai_http_annotations")}
    assert ours == {f"clarifai_http_annotations{name}" for name in ("", "._lazy", "._version", ".pytest_plugin")}


@pytest.mark.parametrize("apart", [False, True], ids=["in process", "apart"])
def test_without_uvicorn_one_line_says_what_to_install(project: Project, apart: bool) -> None:
    project.has("""
import sys

@pytest.fixture(autouse=True)
def no_uvicorn(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "clarifai_http_annotations.testing._socket", raising=False)

def test_server(clarifai_server):
    raise AssertionError("never run")

def test_emulator(clarifai_emulator):
    label()
""")
    result = (project.run_apart if apart else project.run)()
    result.assert_outcomes(passed=1, errors=1)
    line = "The emulator needs uvicorn to be served: pip install 'clarifai-http-annotations[[]emulator]'"
    result.stdout.fnmatch_lines(["*ERROR at setup of test_server*", line, "*short test summary*"], consecutive=True)


def test_the_readme_shows_a_test_that_passes(project: Project) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    [block] = [block for block in blocks if "def test_labels(clarifai_server)" in block]
    project.has(block).run_apart().assert_outcomes(passed=1)


def test_the_readme_shows_the_failure_as_it_is(project: Project) -> None:
    [shown] = [block for block in re.findall(r"```text\n(.*?)```", README, re.DOTALL) if MEANING in block]
    project.has("def test_it(clarifai_emulator):\n    forget()\n")
    assert textwrap.dedent(shown).strip() in project.run().stdout.str()
