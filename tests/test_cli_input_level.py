"""The command, on an app whose inputs came with annotations of their own, as those of every real app do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_cli import PAT, QUICK, SAMPLE, call, objects, of_type, write

from clarifai_http_annotations import Annotation, negative, positive
from clarifai_http_annotations.testing import Emulator, Faults, Server, no_waiting, serve

TEXT = {"url": "https://example.org/a.txt"}
CAME_WITH = {
    "in-1": {
        "text": TEXT,
        "metadata": {"split": "train"},
        "concepts": [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}],
    },
    "in-2": {"text": TEXT, "metadata": {"split": "train"}},
    "in-3": {},
}
LABELS = ("positives", "negatives", "parts", "absent_parts", "annotations", "inputs", "concepts")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def serving(monkeypatch: pytest.MonkeyPatch, inputs: dict[str, Any]) -> Any:
    """Return an emulator on a socket, with these inputs and what came with each, named by the environment."""
    server = serve(Emulator(pat=PAT, inputs=inputs))
    monkeypatch.setenv("CLARIFAI_PAT", PAT)
    monkeypatch.setenv("CLARIFAI_USER_ID", "emulator-user")
    monkeypatch.setenv("CLARIFAI_APP_ID", "app")
    return server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(monkeypatch, CAME_WITH) as server:
        monkeypatch.setenv("CLARIFAI_API_BASE", server.url)
        with server.client(user_id="emulator-user", app_id="app") as client:
            client.create([Annotation.of("in-1", negative("boat"), id="one"), Annotation.of("in-2", positive("boat"))])
        yield server


def level(input_id: str) -> str:
    """Return the id of what came with an input."""
    listed = [one["annotation"] for one in of_type(objects("list"), "annotation")]
    [found] = [tree["id"] for tree in listed if tree["input_id"] == input_id and tree.get("input_level")]
    return str(found)


# --- what is in the app ------------------------------------------------------------------------------


def test_list_tells_what_came_with_an_input_from_the_rest(server: Server) -> None:
    lines = [line.split("  ")[::2] for line in call("list").stdout.splitlines()]
    assert sorted(lines) == [
        ["in-1", "+tree -water [input-level]"],
        ["in-1", "-boat"],
        ["in-2", "+boat"],
        ["in-2", "nothing [input-level]"],
        ["in-3", "nothing [input-level]"],
    ]
    levels = [one["annotation"].get("input_level") for one in of_type(objects("list"), "annotation")]
    assert sorted(levels, key=str) == [None, None, True, True, True]


def test_stats_counts_the_labels_that_came_with_inputs_and_not_what_has_none(server: Server) -> None:
    [summary] = of_type(objects("stats"), "summary")
    assert (summary["positives"], summary["negatives"], summary["inputs"], summary["annotations"]) == (2, 2, 2, 3)
    assert (summary["input_level"], summary["without_labels"], summary["fields_left_out"]) == (3, 2, {})
    assert "3 input-level annotations, 2 of them without labels and skipped" in call("stats").stdout


def test_a_label_that_came_with_an_input_may_contradict_another(server: Server) -> None:
    with server.client(user_id="emulator-user", app_id="app") as client:
        client.create(Annotation.of("in-1", negative("tree")))
    [conflict] = of_type(objects("stats"), "conflict")
    assert (conflict["input_id"], conflict["concept_id"]) == ("in-1", "tree")


def test_flip_turns_a_label_that_came_with_an_input(server: Server) -> None:
    assert "-tree -water [input-level]" in call("flip", level("in-1"), "tree", "--input-id", "in-1").stdout


def test_delete_skips_what_goes_with_its_input_only(server: Server) -> None:
    of_input = level("in-1")
    result = call("delete", of_input, "one", "one", "--input-id", "in-1", "--yes")
    assert result.exit_code == 4
    assert f"{of_input} was not deleted: it is input-level, and goes with its input only" in result.stderr
    assert result.stdout == "deleted one\n"
    assert [one["id"] for one in of_type(objects("delete", of_input, "--input-id", "in-1", "--yes", code=4), "skipped")]
    assert len(server.emulator.annotations) == 4


# --- export ------------------------------------------------------------------------------------------


def test_export_keeps_the_labels_that_came_with_inputs_and_counts_the_rest(server: Server) -> None:
    result = call("export", "-o", "out.jsonl")
    assert result.exit_code == 0, result.output
    assert result.stderr.strip() == (
        "3 annotations written; 3 input-level annotations, 2 of them without labels and skipped; "
        "fields left out: text (2)"
    )
    [row] = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines() if "tree" in line]
    assert row == {
        "id": level("in-1"),
        "input_id": "in-1",
        "data": {
            "concepts": [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}],
            "metadata": {"split": "train"},
        },
    }
    [said] = of_type(objects("export", "-o", "out.jsonl"), "export")
    assert said == {
        "type": "export",
        "annotations": 3,
        "left_out": 0,
        "in_part": 0,
        "input_level": 3,
        "without_labels": 2,
        "fields_left_out": {"text": 2},
        "file": "out.jsonl",
    }


def test_csv_has_the_labels_that_came_with_inputs_and_nothing_else_of_them(server: Server) -> None:
    [said] = of_type(objects("export", "-o", "out.csv"), "export")
    assert (said["annotations"], said["left_out"], said["fields_left_out"]) == (3, 0, {"metadata": 1, "text": 2})
    rows = sorted(line.split(",")[2:4] for line in Path("out.csv").read_text().splitlines()[1:])
    assert rows == [["boat", "0"], ["boat", "1"], ["tree", "1"], ["water", "0"]]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_what_was_exported_is_stored_in_another_app_and_there_already_in_its_own(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    call("export", "-o", name)
    [uploaded] = of_type(objects("upload", name), "upload")
    assert (uploaded["already_there"], uploaded["stored"]) == (3, 0)
    monkeypatch.setenv("CLARIFAI_APP_ID", "other")
    [uploaded] = of_type(objects("upload", name), "upload")
    assert (uploaded["already_there"], uploaded["stored"], uploaded["is_complete"]) == (0, 3, True)
    listed = [one["annotation"] for one in of_type(objects("list", "--input-id", "in-1"), "annotation")]
    assert sorted(bool(tree.get("input_level")) for tree in listed) == [False, False, True]


def test_of_anything_else_what_is_not_known_is_named_and_its_labels_are_kept(server: Server) -> None:
    for tree in server.emulator._state.apps["emulator-user", "app"].annotations.values():
        if tree["id"] == "one":
            tree["data"]["holograms"] = [1]
    result = call("export", "-o", "out.jsonl")
    assert result.exit_code == 1
    assert "'one' of input 'in-1' was written without holograms, which this version does not know" in result.stderr
    assert "3 annotations written, 1 of them in part" in result.stderr
    assert '{"concepts":[{"id":"boat","value":0.0}]}' in Path("out.jsonl").read_text()
    [said] = of_type(objects("export", "-o", "out.jsonl", code=1), "export")
    assert (said["annotations"], said["left_out"], said["in_part"]) == (3, 0, 1)
    write("list.jsonl", call("list", "--json").stdout)
    [summary] = of_type(objects("check", "list.jsonl"), "summary")
    assert summary["fields_left_out"] == {"holograms": 1, "text": 2}


# --- a saved answer ----------------------------------------------------------------------------------


def test_check_of_a_saved_answer_reads_the_labels_and_counts_the_rest(server: Server) -> None:
    saved = {"status": {"code": 10000}, "annotations": server.emulator.annotations}
    said = objects("check", write("answer.json", json.dumps(saved)))
    [summary] = of_type(said, "summary")
    [stored] = of_type(objects("stats"), "summary")
    assert {name: summary[name] for name in LABELS} == {name: stored[name] for name in LABELS}
    assert (summary["input_level"], summary["without_labels"], summary["problems"]) == (3, 2, 0)
    assert summary["fields_left_out"] == {"text": 2}
    shown = call("check", "answer.json")
    assert shown.exit_code == 0
    assert "3 input-level annotations, 2 of them without labels and skipped" in shown.stdout
    assert "fields left out: text (2)" in shown.stdout


def test_what_list_prints_as_objects_is_a_saved_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    write("list.jsonl", call("list", "--json").stdout)
    [summary] = of_type(objects("check", "list.jsonl"), "summary")
    assert (summary["annotations"], summary["input_level"], summary["fields_left_out"]) == (3, 3, {"text": 2})
    monkeypatch.setenv("CLARIFAI_APP_ID", "other")
    [uploaded] = of_type(objects("upload", "list.jsonl"), "upload")
    assert (uploaded["stored"], uploaded["is_complete"]) == (3, True)


# --- the whole ---------------------------------------------------------------------------------------

FILES = [SAMPLE, *map(Path, filter(None, [os.environ.get("LVIS_FILE")]))]
"""The sample; ``LVIS_FILE=lvis_v0.5_val.json`` adds a real one."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_label_of_lvis_is_the_same_at_every_step_beside_what_came_with_the_inputs(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lvis = json.loads(file.read_text(encoding="utf-8"))
    counts = {
        "positives": len({(box["image_id"], box["category_id"]) for box in lvis["annotations"]}),
        "negatives": sum(len(image["neg_category_ids"]) for image in lvis["images"]),
        "parts": len(lvis["annotations"]),
    }
    assert all(counts.values())
    inputs = {str(image["id"]): {"text": TEXT, "metadata": {"width": image["width"]}} for image in lvis["images"]}

    def summary(*command: object) -> dict[str, Any]:
        [said] = of_type(objects(*command), "summary")
        assert {name: said[name] for name in counts} == counts
        return said

    with serving(monkeypatch, inputs) as server, no_waiting():
        monkeypatch.setenv("CLARIFAI_API_BASE", server.url)
        expected = summary("check", file)["annotations"]
        for number, source in enumerate([file, "out.jsonl", "out.csv", "list.jsonl"]):
            monkeypatch.setenv("CLARIFAI_APP_ID", f"app-{number}")
            server.emulator.faults = Faults.seeded(number, share=0.3, methods=["POST"], kinds=QUICK)
            [uploaded] = of_type(objects("upload", source), "upload")
            assert uploaded["is_complete"]
            stored = summary("stats")
            assert (stored["annotations"], stored["conflicts"]) == (expected, 0)
            assert (stored["input_level"], stored["without_labels"]) == (len(inputs), len(inputs))
            for name in ("out.jsonl", "out.csv"):
                [exported] = of_type(objects("export", "-o", name), "export")
                assert (exported["annotations"], exported["left_out"]) == (expected, 0)
                assert exported["without_labels"] == len(inputs)
                assert summary("check", name)["annotations"] == expected
            write("list.jsonl", call("list", "--json").stdout)
            assert summary("check", "list.jsonl")["fields_left_out"] == {"text": len(inputs)}
