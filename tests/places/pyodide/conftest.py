"""Pyodide under node, started once for all tests; `prepare.py` makes what is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HOME = os.environ.get("PYODIDE_HOME", "")
RUNNER = Path(__file__).with_name("runner.mjs")
LONGEST = 60.0
"""Seconds for one step: what hangs fails its test."""

SWITCHING = "--experimental-wasm-stack-switching"

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def home() -> Path:
    if not HOME:
        pytest.skip("PYODIDE_HOME is not set: python tests/places/pyodide/prepare.py FOLDER makes it")
    if not shutil.which("node"):
        pytest.skip("there is no node")
    return Path(HOME).absolute()


@contextmanager
def started(home: Path, *flags: str) -> Iterator[Run]:
    """Yield a function that runs a scenario by name, in a node that lives as long as the context is open."""
    with tempfile.TemporaryFile("w+") as errors:
        node = subprocess.Popen(
            ["node", *flags, str(RUNNER), str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            bufsize=1,
        )
        assert node.stdin is not None
        assert node.stdout is not None

        def answer() -> Any:
            timer = threading.Timer(LONGEST, node.kill)
            timer.start()
            line = node.stdout.readline()  # type: ignore[union-attr]  # it is there
            timer.cancel()
            timer.join()
            if not line:
                errors.seek(0)
                raise AssertionError(f"node ended or hung: {errors.read()[-3000:]}")
            return json.loads(line)

        def run(name: str, *, entry: str = "runPythonAsync", **arguments: Any) -> Any:
            node.stdin.write(json.dumps({"name": name, "arguments": arguments, "entry": entry}) + "\n")  # type: ignore[union-attr]  # likewise
            answered = answer()
            assert "error" not in answered, answered["error"]
            return answered["value"]

        with node:
            try:
                vars(run)["took"] = answer()
                yield run
            finally:
                node.kill()


@pytest.fixture(scope="session")
def plain(home: Path) -> Iterator[Run]:
    """Pyodide in node as it is: without stack switching (before node 26)."""
    with started(home) as run:
        yield run


@pytest.fixture(scope="session")
def switching(home: Path) -> Iterator[Run]:
    """Pyodide in node with stack switching."""
    with started(home, SWITCHING) as run:
        yield run


@pytest.fixture(params=["async", "sync"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a scenario with one of the clients, each where it works out of the box."""
    kind = request.param
    runs: Run = request.getfixturevalue("plain" if kind == "async" else "switching")
    return lambda name, **arguments: runs(name, kind=kind, **arguments)
