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

from clarifai_http_annotations.testing import Emulator, serve

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LVIS = ROOT.parent / "shared" / "data" / "lvis_val_100.json"

BULK = "bulk_upload.py"
WITH_TESTS_OF_THEIR_OWN = {"quickstart.py", "label_lvis.py", BULK}
ON_THE_EMULATOR_ONLY = {"resume_upload.py", "upload_with_deadline.py"}
NO_KEY = "CLARIFAI_PAT is not set: this"
SAYS: dict[str, list[str]] = {
    "classify.py": ["tree 1.0 present", "water 1.0 present", "boat 0.0 absent"],
    "delete_many.py": [
        "created 4 annotations: snow 0.0, sand 1.0, palm 0.0, palm 1.0",
        "deleted 2 annotations: snow 0.0, sand 1.0",
        "gone 0 annotations: none",
    ],
    "existing_region.py": [
        "boat 1.0 data.regions[0].data.concepts[0]",
        "ship 0.0 data.regions[0].data.concepts[1]",
        "The region is the model's.",
    ],
    "flip.py": [
        "image tree 1.0, water 0.0 -> tree 1.0, water 1.0",
        "box boat 1.0, person 0.0 -> boat 0.0, person 0.0",
    ],
    "mask.py": [
        "mask as it was sent",
        "water 1.0 data.regions[0].data.concepts[0]",
        "ice 0.0 data.regions[0].data.concepts[1]",
    ],
    "metadata_and_geo.py": [
        "lighthouse 1.0",
        "boat 0.0",
        "geo longitude=10.25 latitude=42.75",
        'metadata {"weather": "fog", "visibility_m": 200}',
        'annotation_info {"tool": "field-app", "reviewed": false}',
    ],
    "patch.py": [
        "created tree 1.0, water 0.0, boat 0.0 {'round': 1}",
        "merged tree 1.0, water 1.0, boat 0.0 {'round': 2}",
        "removed tree 1.0, water 1.0 {'round': 2}",
        "overwritten tree 0.0, sand 1.0 {'round': 2}",
    ],
    "point_and_keypoints.py": [
        "buoy 1.0, boat 0.0",
        "point row 0.75 col 0.25",
        "dog 1.0, cat 0.0",
        "nose row 0.25 col 0.5",
        "left ear row 0.125 col 0.375 hidden",
        "right ear row 0.125 col 0.625",
    ],
    "polygon.py": [
        "row 0.8 col 0.5",
        "water 1.0 data.regions[0].data.concepts[0]",
        "ice 0.0 data.regions[0].data.concepts[1]",
    ],
    "resume_upload.py": [
        "interrupted: 1,500 taken; the journal knows what is confirmed",
        "again: all of 2,000 are there: True",
        "only the rest was sent: True",
        "in the app: 2,000",
    ],
    "search.py": [
        *("tree is present", "tree 1.0, boat 0.0"),
        *("tree is absent", "tree 0.0, boat 1.0"),
        *("tree is absent, or not mentioned", "boat 1.0", "tree 0.0, boat 1.0"),
        *("boat is present, in a box", "boat 1.0"),
        *("anything but a box", "tree 0.0, boat 1.0", "tree 1.0, boat 0.0"),
    ],
    "tasks.py": [
        "pending to review done",
        "assigned 1 0 0",
        "labelled 0 1 0",
        "accepted 0 0 1",
        "labels boat 1.0, person 0.0",
        "workers jane",
    ],
    "text_span.py": [
        *("Span 13 to 17 'Elba'", "place 1.0", "person 0.0"),
        *("Token 4 to 9 'ferry'", "ship 1.0", "place 0.0"),
    ],
    "time_segment.py": [
        "segment begin_time=4.0 end_time=9.25",
        "horn 0.0 data.time_segments[0].data.concepts[0]",
        "speech 1.0 data.time_segments[0].data.concepts[1]",
    ],
    "track.py": [
        "track of buoy 1.0, 0 to 1000 ms; from 500 ms on:",
        "500 ms: row=0.75 col=0.25 buoy 1.0, boat 0.0",
        "1000 ms: row=0.75 col=0.5 buoy 1.0, boat 0.0",
    ],
    "upload_with_deadline.py": [
        "in time: True",
        "stopped: its deadline is over",
        "some are stored: True, there is more: True",
        "each that was taken is accounted for: True",
        "the next one is the first that was not taken",
    ],
    "video_frame.py": [
        "frame at 5000 ms, number 0",
        "boat 1.0 data.frames[0].data.regions[0].data.concepts[0]",
        "person 0.0 data.frames[0].data.regions[0].data.concepts[1]",
        "frame at 0 ms, number 300",
        "water 1.0 data.frames[0].data.concepts[0]",
        "boat 0.0 data.frames[0].data.concepts[1]",
    ],
}
"""What an example says, line after line, with single spaces."""

Counts = dict[str, tuple[int, int]]


def run(example: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run an example with every warning an error, and without a setting of this machine."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CLARIFAI_")}
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / example), *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=60)


def lines_of(output: str) -> str:
    """Return what was printed, whatever it is aligned with."""
    return "\n".join(" ".join(line.split()) for line in output.splitlines())


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
    said = "This always" if example in ON_THE_EMULATOR_ONLY else "No file is given: this" if example == BULK else NO_KEY
    assert done.stdout.startswith(f"{said} runs on the embedded emulator")


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


@pytest.mark.parametrize("example", [path.name for path in EXAMPLES if path.name not in WITH_TESTS_OF_THEIR_OWN])
def test_an_example_shows_what_is_stored(example: str) -> None:
    assert "\n".join(SAYS[example]) in lines_of(run(example).stdout)


def test_the_mask_example_needs_no_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError", encoding="utf-8")
    with_numpy = run("mask.py").stdout
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run("mask.py").stdout == with_numpy


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


def test_the_bulk_example_reports_what_the_readme_shows() -> None:
    """Though 3 of 10 requests fail. Times and numbers of requests vary."""
    report = run(BULK).stdout.split("\n", 1)[1]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```text\n(5,001 annotations.*?)```", readme, re.DOTALL)
    varies = re.compile(r"\d+\.\d s|\(\S+/s\)|[\d,]+  requests|[\d,]+ of them|[\d,]+ throttled|[\d.]+ MB")
    assert lines_of(varies.sub("", report)) == lines_of(varies.sub("", shown))
    assert "5,000 stored" in lines_of(report)


def test_the_bulk_example_uploads_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [{"input_id": f"in-{n}", "data": {"concepts": [{"id": "tree", "value": n % 2}]}} for n in range(3)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = run(BULK, file)  # run without a key
    assert "There is no key" in done.stderr
    emulator = Emulator()
    with serve(emulator) as server:
        settings = {"CLARIFAI_PAT": "any", "CLARIFAI_USER_ID": "me", "CLARIFAI_APP_ID": "app"}
        command = [sys.executable, "-W", "error", str(ROOT / "examples" / BULK), str(file)]
        environ = {**os.environ, **settings, "CLARIFAI_API_BASE": server.url}
        subprocess.run(command, env=environ, check=True, timeout=60)
    assert sorted(tree["data"]["concepts"][0]["value"] for tree in emulator.annotations) == [0.0, 0.0, 1.0]


def test_an_example_is_short() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in EXAMPLES}
    assert {name: length for name, length in lengths.items() if length > 60} == {}
