"""Every block of Python in README.md runs, in order, on the emulator; what it promises of output is what it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
import respx
from sybil import Example, Sybil
from sybil.document import Document
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from clarifai_http_annotations import Client
from clarifai_http_annotations.testing import Emulator

README = Path(__file__).parents[1] / "README.md"


def parse() -> Document:
    return Sybil(parsers=[PythonCodeBlockParser()]).parse(README)


BLOCKS = len(list(parse().examples()))


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PAT": "any", "USER_ID": "me", "APP_ID": "my-app"}.items():
        monkeypatch.setenv(f"CLARIFAI_{name}", value)


def evaluate(example: Example) -> str:
    """Run a block with the emulator behind Clarifai's address, and return what it printed."""
    with contextlib.ExitStack() as stack:
        if not {"respx", "serve"} & set(re.findall(r"\w+", example.parsed)):  # these have an address of their own
            mock = stack.enter_context(respx.mock(assert_all_called=False))
            mock.route(host="api.clarifai.com").mock(side_effect=Emulator(inputs=["53d0362a"]))
        printed = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        example.evaluate()
        return printed.getvalue()


def test_there_are_blocks() -> None:
    assert BLOCKS >= 8


@pytest.mark.parametrize("number", range(BLOCKS))
def test_a_block_runs(number: int) -> None:
    evaluate(list(parse().examples())[number])


def test_the_error_that_is_shown_is_the_error_that_is_raised() -> None:
    [block] = [example for example in parse().examples() if "except MissingValueError" in example.parsed]
    texts = Sybil(parsers=[CodeBlockParser("text", evaluator=str)]).parse(README)
    [shown] = [example.parsed for example in texts.examples() if "Nothing was sent" in example.parsed]
    assert evaluate(block).strip() == shown.strip()


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]
    assert len(inside) > 15
    assert [link for link in inside if not (README.parent / link).exists()] == []


def test_every_operation_is_in_a_table() -> None:
    public = {name for name in vars(Client) if not name.startswith("_")} - {"close", "is_closed"}
    named = set(re.findall(r"`(\w+)[(`]", "".join(re.findall(r"^\|.*$", README.read_text(encoding="utf-8"), re.M))))
    assert public - named == set()
