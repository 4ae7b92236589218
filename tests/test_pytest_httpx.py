"""pytest-httpx in one test with a fixture of ours: it has what is not for the emulator, whichever comes first."""

from __future__ import annotations

import pytest
from plugin_project import ROOT, Project

pytest.importorskip("pytest_httpx", reason="pytest-httpx is not installed; .ci/run has it in an environment")

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # what is tested is this checkout
    return Project(pytester)


ORDERS = """
import asyncio

def both(emulator, httpx_mock):
    httpx_mock.add_response(url="https://example.org/", text="theirs")
    httpx_mock.add_response(url="https://example.org/again", text="theirs")
    label()
    asyncio.run(label_async())
    assert httpx.get("https://example.org/").text == "theirs"
    assert asyncio.run(get("https://example.org/again")).text == "theirs"
    assert [request.method for request in emulator.requests] == ["POST", "POST", "GET"]  # the same content twice
    assert len(httpx_mock.get_requests()) == 2

async def get(url):
    async with httpx.AsyncClient() as http:
        return await http.get(url)

def test_ours_first(clarifai_emulator, httpx_mock):
    both(clarifai_emulator, httpx_mock)

def test_theirs_first(httpx_mock, clarifai_emulator):
    both(clarifai_emulator, httpx_mock)

def test_ours_first_on_a_socket(clarifai_server, httpx_mock):
    both(clarifai_server.emulator, httpx_mock)

def test_theirs_first_on_a_socket(httpx_mock, clarifai_server):
    both(clarifai_server.emulator, httpx_mock)

@pytest.mark.parametrize("order", [["clarifai_emulator", "httpx_mock"], ["httpx_mock", "clarifai_emulator"]])
def test_when_asked_for(request, order):
    made = {name: request.getfixturevalue(name) for name in order}
    both(made["clarifai_emulator"], made["httpx_mock"])

def test_theirs_between(clarifai_emulator, httpx_mock, clarifai_server):
    both(clarifai_emulator, httpx_mock)

def test_after():
    assert httpx.HTTPTransport.handle_request.__module__.startswith(("httpx", "clarifai_http_annotations.testing"))
    with pytest.raises(httpx.ConnectError):
        label_at("http://localhost:1")

def label_at(address):
    with httpx.Client() as http:
        http.get(address)

def test_theirs_alone(httpx_mock):
    httpx_mock.add_response(url="https://api.clarifai.com/", text="theirs")
    assert httpx.get("https://api.clarifai.com/").text == "theirs"
"""


def test_both_orders_work_for_both_fixtures(project: Project) -> None:
    project.has(ORDERS).run_apart().assert_outcomes(passed=9)


def test_what_neither_answers_fails_as_they_have_it(project: Project) -> None:
    result = project.has("""
def test_it(clarifai_emulator, httpx_mock):
    httpx.get("https://example.org/")
""").run_apart()
    result.stdout.fnmatch_lines(["E *No response can be found for GET request on https://example.org/*"])


def test_doors_that_were_closed_do_not_become_ever_more(project: Project) -> None:
    """Each test brings back what it had replaced; a thousand of them were a recursion too deep."""
    project.has("""
@pytest.mark.parametrize("number", range(30))
def test_it(clarifai_emulator, httpx_mock, number):
    label()

def test_after():
    depth, method = 0, httpx.HTTPTransport.handle_request
    while (replaced := getattr(method, "replaced", lambda: None)()) is not None:
        depth, method = depth + 1, replaced
    assert depth <= 1
    assert method.__module__.startswith("httpx")
""")
    project.run_apart().assert_outcomes(passed=31)
