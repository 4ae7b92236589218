"""A project of a user whose tests use the plugin of pytest, and runs of pytest in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import clarifai_http_annotations as package

ROOT = Path(package.__file__).parents[1]

# The code under test: once with this library, which sends no concept without value, and once without it.
CODE = """
import os
import urllib.request
import json

import httpx

from clarifai_http_annotations import Annotation, AsyncClient, Client, negative

WITHOUT_VALUE = {"annotations": [{"input_id": "in-1", "data": {"concepts": [{"id": "water"}]}}]}
KEY = {"Authorization": "Key any"}
PATH = "/v2/users/me/apps/emulator-app/annotations"


def label():
    with Client() as client:
        client.create(Annotation.of("in-1", negative("water")))


async def label_async():
    async with AsyncClient() as client:
        await client.create(Annotation.of("in-1", negative("water")))


def forget(address=None):
    address = address or os.environ["CLARIFAI_API_BASE"]
    httpx.post(address + PATH, headers=KEY, json=WITHOUT_VALUE)


async def forget_async():
    async with httpx.AsyncClient() as http:
        await http.post(os.environ["CLARIFAI_API_BASE"] + PATH, headers=KEY, json=WITHOUT_VALUE)


def forget_without_httpx():
    headers = {**KEY, "Content-Type": "application/json"}
    url = os.environ["CLARIFAI_API_BASE"] + PATH
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(WITHOUT_VALUE).encode(), headers)) as answer:
        answer.read()


def values(emulator):
    return [concept["value"] for stored in emulator.annotations for concept in stored["data"]["concepts"]]
"""

PLACE = (
    "request 1, POST /v2/users/me/apps/emulator-app/annotations: "
    "annotations[0].data.concepts[0] (input 'in-1'): concept 'water'"
)
MEANING = "1 concept was sent without `value`. Over HTTP that is positive (1.0)"


class Project:
    """A project of a user: the code above as ``code``, tests, and runs of pytest."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makepyfile(code_under_test=CODE)

    def has(self, tests: str) -> Project:
        path = self.pytester.path / "test_it.py"
        path.write_text(f"import os, pytest, unittest\nfrom code_under_test import *\n\n{tests}", encoding="utf-8")
        return self

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run it in this process."""
        return self.pytester.runpytest_inprocess("--strict-markers", *ASYNCIO, *arguments)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run it in a process of its own, where every warning is an error."""
        return self.pytester.runpytest_subprocess("--strict-markers", "-W", "error", *ASYNCIO, *arguments)


ASYNCIO = ("-o", "asyncio_default_fixture_loop_scope=function")


def glob(text: str) -> str:
    """Return text as `fnmatch_lines` finds it."""
    return text.replace("[", "[[]")
