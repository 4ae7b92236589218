"""respx in one test with a fixture of ours: it has what is not for the emulator, whichever comes first."""

from __future__ import annotations

import pytest
from plugin_project import ROOT, Project

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # what is tested is this checkout
    return Project(pytester)


ORDERS = """
def both(emulator, respx_mock):
    respx_mock.get("https://example.org/").respond(text="theirs")
    label()
    assert httpx.get("https://example.org/").text == "theirs"
    assert [request.method for request in emulator.requests] == ["POST"]
    assert len(respx_mock.calls) == 1

def test_ours_first(clarifai_emulator, respx_mock):
    both(clarifai_emulator, respx_mock)

def test_theirs_first(respx_mock, clarifai_emulator):
    both(clarifai_emulator, respx_mock)

def test_ours_first_on_a_socket(clarifai_server, respx_mock):
    both(clarifai_server.emulator, respx_mock)

def test_theirs_first_on_a_socket(respx_mock, clarifai_server):
    both(clarifai_server.emulator, respx_mock)
"""


def test_each_answers_what_is_its_own(project: Project) -> None:
    project.has(ORDERS).run().assert_outcomes(passed=4)
