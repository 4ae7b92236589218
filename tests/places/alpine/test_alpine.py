"""The library on musl, Alpine's C library, with the wheels that Alpine takes.

`python_on_musl.sh`, beside this, makes such a Python where there is no Alpine; ``MUSL_PYTHON`` says where it is.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosts import environ_of

from clarifai_http_annotations.testing import Emulator, Server, serve

if "MUSL_PYTHON" not in os.environ:
    pytest.skip("MUSL_PYTHON is not set: see tests/places/alpine/python_on_musl.sh", allow_module_level=True)

ROOT = Path(__file__).parents[3]
MUSL = os.environ["MUSL_PYTHON"]

LABEL = """
from clarifai_http_annotations import Annotation, Client, negative, positive
with Client() as client:
    [made] = client.create(Annotation.of("in-1", positive("tree"), negative("water")))
    print([[concept.id, concept.value] for _, concept in client.get(made.id, input_id="in-1").each_concept()])
"""

UPLOAD = """
from clarifai_http_annotations import Client
rows = ({"input_id": f"in-{n}", "data": {"concepts": [{"id": "tree", "value": n % 2}]}} for n in range(1000))
with Client() as client:
    report = client.upload(rows)
report.raise_for_failures()
print([report.stored, report.positives, report.negatives])
"""

ASYNC = """
import asyncio
from clarifai_http_annotations import Annotation, AsyncClient, negative
async def main():
    async with AsyncClient() as client:
        await asyncio.gather(*(client.create(Annotation.of(f"in-{n}", negative("water"))) for n in range(5)))
        return [annotation.input_id async for annotation in client.list()]
print(sorted(asyncio.run(main())))
"""

UNSAID = """
from clarifai_http_annotations import Client, MissingValueError
with Client() as client:
    try:
        client.create({"input_id": "in-1", "data": {"concepts": [{"id": "water"}]}})
    except MissingValueError:
        print("refused")
"""

MAPPED = """
import json, ssl
from pathlib import Path
from clarifai_http_annotations import Client
import pydantic_core
ssl.create_default_context()
lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
print(json.dumps(sorted({Path(line[5]).name for line in lines if len(line) > 5 and line[5].startswith("/")})))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels that pip takes on Alpine, and this library's code."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = ask("import sys; print('%d.%d' % sys.version_info[:2])", {}).strip()
    tags = [f"--platform=musllinux_1_{minor}_{platform.machine()}" for minor in (2, 1)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", f"--target={folder}", "--only-binary=:all:"),
            *("--implementation=cp", f"--python-version={version}", *tags, *project["dependencies"]),
        ],
        check=True,
    )
    (folder / "clarifai_http_annotations").symlink_to(ROOT / "clarifai_http_annotations")
    return folder


def ask(code: str, environ: dict[str, str]) -> str:
    """Run code on musl, with every warning an error, and return what it prints."""
    done = subprocess.run([MUSL, "-W", "error", "-c", code], env=environ, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Emulator()) as server:
        yield server


def values(emulator: Emulator) -> list[tuple[str, Any]]:
    return sorted((c["id"], c["value"]) for tree in emulator.annotations for c in tree["data"]["concepts"])


def test_it_is_musl_and_nothing_of_glibc_that_runs(site: Path, server: Server) -> None:
    mapped = json.loads(ask(MAPPED, {**environ_of(server), "PYTHONPATH": str(site)}))
    assert [name for name in mapped if "linux-musl" in name and name.startswith("_pydantic_core")]
    assert [name for name in mapped if name.startswith(("libc.so.", "ld-linux"))] == []
    assert [name for name in mapped if name.startswith("ld-musl") or name == "libc.so"]


def test_both_polarities_are_stored(site: Path, server: Server) -> None:
    printed = ask(LABEL, {**environ_of(server), "PYTHONPATH": str(site)})
    assert printed == "[['tree', 1.0], ['water', 0.0]]\n"
    assert values(server.emulator) == [("tree", 1.0), ("water", 0.0)]


def test_an_upload_with_its_threads_stores_each_once(site: Path, server: Server) -> None:
    assert ask(UPLOAD, {**environ_of(server), "PYTHONPATH": str(site)}) == "[1000, 500, 500]\n"
    assert list(server.emulator.stored_times.values()) == [1] * 1000


def test_the_asynchronous_client_works_too(site: Path, server: Server) -> None:
    printed = ask(ASYNC, {**environ_of(server), "PYTHONPATH": str(site)})
    assert printed == "['in-0', 'in-1', 'in-2', 'in-3', 'in-4']\n"
    assert values(server.emulator) == [("water", 0.0)] * 5


def test_a_concept_without_value_is_refused_and_nothing_is_sent(site: Path, server: Server) -> None:
    assert ask(UNSAID, {**environ_of(server), "PYTHONPATH": str(site)}) == "refused\n"
    assert server.emulator.requests == []
