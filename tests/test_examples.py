"""Every example runs as a newcomer runs it: in a process of its own, without a key, on the emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LVIS = ROOT.parent / "shared" / "data" / "lvis_val_100.json"

Counts = dict[str, tuple[int, int]]


def run(example: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run an example with every warning an error, and without a setting of this machine."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CLARIFAI_")}
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / example), *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=60)


def label_lvis(*arguments: object) -> Counts:
    """Return what the example says of each kind: how many were asked, how many are stored."""
    done = run("label_lvis.py", *arguments)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(\w+) +(\d+) asked, +(\d+) stored$", done.stdout, re.MULTILINE)
    return {kind: (int(asked), int(stored)) for kind, asked, stored in rows}


def lvis(tmp_path: Path, **changes: Any) -> Path:
    """Write the sample with other categories, images or annotations in it."""
    sample = json.loads((ROOT / "examples" / "lvis_sample.json").read_text(encoding="utf-8"))
    file = tmp_path / "lvis.json"
    file.write_text(json.dumps({**sample, **changes}), encoding="utf-8")
    return file


@pytest.mark.parametrize("example", [path.name for path in EXAMPLES])
def test_an_example_runs_without_a_key_and_says_so_in_one_line(example: str) -> None:
    done = run(example)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("emulator") == 1
    assert done.stdout.startswith("CLARIFAI_PAT is not set: this runs on the embedded emulator.\n")


def test_the_quickstart_shows_that_what_was_asked_is_what_is_stored() -> None:
    rows = [line.split() for line in run("quickstart.py").stdout.splitlines() if line[:1].isdigit()]
    assert rows == [
        ["1", "tree", "positive", "1.0", "positive"],
        ["1", "water", "positive", "1.0", "positive"],
        ["2", "tree", "negative", "0.0", "negative"],
        ["2", "water", "negative", "0.0", "negative"],
        ["3", "boat", "positive", "1.0", "positive"],
        ["3", "person", "negative", "0.0", "negative"],
    ]


def test_the_lvis_sample_is_stored_as_it_was_asked() -> None:
    assert label_lvis() == {"positive": (4, 4), "negative": (7, 7), "box": (5, 5)}


@pytest.mark.skipif(not LVIS.exists(), reason="the LVIS file is not beside the repository")
def test_a_real_lvis_file_is_stored_as_it_was_asked() -> None:
    assert label_lvis(LVIS) == {"positive": (299, 299), "negative": (942, 942), "box": (977, 977)}


@pytest.mark.parametrize("names", [["bus (a)", "bus [a]"], ["dog", "dog"], ["木"]], ids=["alike", "same", "no letters"])
def test_categories_that_cannot_be_told_apart_are_refused(tmp_path: Path, names: list[str]) -> None:
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    done = run("label_lvis.py", lvis(tmp_path, categories=categories))
    assert done.returncode == 1
    assert "rename" in done.stderr


@pytest.mark.parametrize(("excess", "taken"), [(1e-10, True), (1.0, False)], ids=["float error", "a pixel"])
def test_a_box_may_stick_out_of_the_image_by_a_float_error_only(tmp_path: Path, excess: float, taken: bool) -> None:
    box = {"image_id": 101, "category_id": 1, "bbox": [320.0, 120.0, 320.0 + excess, 360.0 + excess]}
    done = run("label_lvis.py", lvis(tmp_path, annotations=[box]))
    assert (done.returncode == 0) is taken
    assert taken or "must be between 0 and 1" in done.stderr


def test_the_lvis_example_fails_when_less_is_stored_than_was_asked(tmp_path: Path) -> None:
    box = {"image_id": 101, "category_id": 1, "bbox": [10.0, 10.0, 20.0, 20.0]}
    done = run("label_lvis.py", lvis(tmp_path, annotations=[box, box]))  # identical twins are stored once
    assert "box          2 asked,    1 stored" in done.stdout
    assert (done.returncode, done.stderr) == (1, "What is stored is not what was asked.\n")


def test_an_example_is_short() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in EXAMPLES}
    assert {name: length for name, length in lengths.items() if length > 60} == {}
