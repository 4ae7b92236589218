"""``clarifai-annotations``: what each part prints, and how it ends; against the emulator on a real socket."""

from __future__ import annotations

import json
import os
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from clarifai_http_annotations import Annotation, BoundingBox, StatusCode, UnusualIdWarning, negative, positive
from clarifai_http_annotations._wire import encode
from clarifai_http_annotations._wire.guard import find_concepts
from clarifai_http_annotations.cli import _check, _files, _journal, _upload
from clarifai_http_annotations.cli._app import run as program
from clarifai_http_annotations.labels._source import Source
from clarifai_http_annotations.testing import Emulator, Faults, Server, no_waiting, serve
from clarifai_http_annotations.testing._schedule import TRANSIENT

PAT = "0123456789abcdef0123456789abcdef"
QUICK = [fault for fault in TRANSIENT if "silent" not in fault.name and "drip" not in fault.name]
SAMPLE = Path(__file__).parents[1] / "examples" / "lvis_sample.json"
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)

CSV = "image_id,label,value\nin-1,tree,1\nin-1,water,0\nin-2,tree,0\n"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Journals are in a folder of the test, which is also where the command runs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "state"))  # where a system has another way
    monkeypatch.chdir(tmp_path)


class Inputs(set[str]):
    """The inputs that the app has; any, as long as none is named."""

    def __contains__(self, input_id: object) -> bool:
        return not self or super().__contains__(input_id)


@pytest.fixture
def inputs() -> Inputs:
    return Inputs()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> Iterator[Server]:
    with serve(Emulator(pat=PAT, inputs=inputs)) as server:
        for name, value in {"API_BASE": server.url, "PAT": PAT, "USER_ID": "emulator-user", "APP_ID": "app"}.items():
            monkeypatch.setenv(f"CLARIFAI_{name}", value)
        yield server


def call(*arguments: object, stdin: str | bytes | None = None) -> Result:
    """Run the command; whatever it does, it shows no key."""
    result = CliRunner().invoke(program, [*map(str, arguments)], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert PAT not in result.output
    return result


def objects(*arguments: object, code: int = 0) -> list[dict[str, Any]]:
    """Run the command with ``--json`` and return what it printed."""
    result = call(*arguments, "--json")
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def of_type(said: list[dict[str, Any]], type: str) -> list[dict[str, Any]]:
    return [one for one in said if one["type"] == type]


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def labels_of(emulator: Emulator) -> Counter[tuple[str, str, float]]:
    with emulator.client(user_id="emulator-user", app_id="app") as client:
        stored = client.list(list_all_annotations=True)
        return Counter((a.input_id, c.id, c.value) for a in stored for _, c in a.each_concept())


# --- check -----------------------------------------------------------------------------------------


def test_check_says_what_would_be_sent() -> None:
    result = call("check", write("a.csv", CSV))
    assert result.exit_code == 0
    assert "3 annotations of 2 inputs, 2 concepts" in result.stdout
    assert "1 positive, 2 negative" in result.stdout
    assert "columns input = 'image_id', concept = 'label', value = 'value'" in result.stderr


def test_check_prints_objects() -> None:
    said = objects("check", write("a.csv", CSV))
    [tree] = [one for one in of_type(said, "concept") if one["id"] == "tree"]
    assert (tree["positives"], tree["negatives"]) == (1, 1)
    [summary] = of_type(said, "summary")
    assert (summary["inputs"], summary["annotations"], summary["positives"], summary["negatives"]) == (2, 3, 1, 2)


def test_check_of_a_body_for_curl_says_what_each_protocol_makes_of_a_concept_without_value() -> None:
    body = {"annotations": [{"input_id": "in", "data": {"concepts": [{"id": "tree"}, {"id": "boat", "value": 0}]}}]}
    result = call("check", write("body.json", json.dumps(body)))
    assert result.exit_code == 1
    assert "body.json, line 1" in result.stdout
    assert "concept 'tree' has no value. HTTP would store it as positive (1.0), gRPC as negative (0.0)" in result.stdout
    assert call("check", "body.json", "--missing-value", "negative").exit_code == 0


def test_check_reads_the_standard_input() -> None:
    result = call("check", "-", stdin=CSV.replace("1\n", "maybe\n", 1))
    assert result.exit_code == 1
    assert "standard input, line 2: 'maybe' is no polarity" in result.stdout


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="it asks the system which files are open")
def test_the_copy_of_the_standard_input_is_closed_when_it_is_opened_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows opens no file that is open already."""
    copies: list[Path] = []

    def seen(path: Path, *given: Any) -> Any:
        if given:  # of the standard input
            copies.append(path)
            is_open = [link for fd in Path("/proc/self/fd").iterdir() if (link := os.path.realpath(fd)) == str(path)]
            assert is_open == []
        return Source(path, *given)

    monkeypatch.setattr(_files, "Source", seen)
    result = call("check", "-", stdin=CSV)
    assert result.exit_code == 0
    assert "3 annotations" in result.stdout
    [copy] = copies
    assert not copy.parent.exists()


def test_both_polarities_of_one_pair_are_a_problem_that_names_both_places() -> None:
    result = call("check", write("a.csv", CSV + "in-1,tree,0\n"))
    assert result.exit_code == 1
    assert (
        "a.csv, line 5: concept 'tree' is absent from input 'in-1' here, and present in a.csv, line 2" in result.stdout
    )


def test_a_box_contradicts_what_is_absent_from_the_whole_input() -> None:
    header = "input_id,concept_id,value,top_row,left_col,bottom_row,right_col\n"
    absent, box, other = "in,tree,0,,,,\n", "in,tree,1,0.1,0.1,0.5,0.5\n", "in,tree,0,0.5,0.5,0.9,0.9\n"
    assert call("check", write("a.csv", header + absent + box)).exit_code == 1
    assert call("check", write("b.csv", header + box + other)).exit_code == 0
    assert call("check", write("c.csv", header + box + box.replace(",1,", ",0,"))).exit_code == 1


def test_rows_that_are_there_twice_are_counted_and_no_problem() -> None:
    result = call("check", write("a.csv", CSV + "in-1,tree,1\n"))
    assert result.exit_code == 0
    assert "4 annotations of 2 inputs, 2 concepts; 1 repeated" in result.stdout


APART = "input_id,annotation_id,concept_id,value\nin-1,a,tree,1\nin-2,b,tree,1\nin-1,a,water,0\n"


def test_rows_of_one_annotation_that_are_not_beside_one_another_are_a_problem_that_names_both_places() -> None:
    result = call("check", write("a.csv", APART))
    assert result.exit_code == 1
    assert (
        "a.csv, line 4: the annotation 'a' of input 'in-1' says something else here than in a.csv, line 2, and an id "
        "holds one content. Rows of one annotation have to be beside one another in a table: sort it"
    ) in result.stdout
    assert "repeated" not in result.stdout
    header, *rows = APART.splitlines(keepends=True)
    assert call("check", write("sorted.csv", header + "".join(sorted(rows)))).exit_code == 0
    assert call("check", "sorted.csv", write("again.csv", header + rows[1])).exit_code == 0


def test_an_id_that_two_files_give_two_contents_is_a_problem() -> None:
    line = {"id": "a", "input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1}]}}
    other = {**line, "data": {"regions": [{"region_info": {"point": {"row": 0.5, "col": 0.5}}, "data": line["data"]}]}}
    write("one.jsonl", json.dumps(line))
    write("two.jsonl", json.dumps(other))
    result = call("check", "one.jsonl", "two.jsonl")
    assert result.exit_code == 1
    assert "two.jsonl, line 1: the annotation 'a' of input 'in-1' says something else here than in one" in result.stdout


def test_only_the_first_problems_are_shown_and_all_are_counted() -> None:
    path = write("a.csv", "input,concept,value\n" + "in,tree,maybe\n" * 50)
    result = call("check", path)
    assert result.stdout.count("is no polarity") == 20
    assert "... and 30 more problems (--json prints all)" in result.stdout
    assert len(of_type(objects("check", path, code=1), "problem")) == 50


def test_names_that_a_map_makes_one_are_refused() -> None:
    concepts = write("map.csv", "water,tree\n")
    result = call("check", write("a.csv", CSV), "--concept-map", concepts)
    assert result.exit_code == 1
    assert "a.csv, line 3: the names 'tree' and 'water' would both be the concept 'tree'" in result.stdout


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--threshold", "0.5", "say both sides: 0.5:0.5"),
        ("--threshold", "0.8:0.2", "the lower one first"),
        ("--column", "concept", "WHAT=NAME"),
        ("--column", "concept=label --column value=label", "--column: the column 'label' cannot be both the concept"),
        ("--column", "value=value --column value=label", "--column value is given twice, as 'value' and 'label'"),
        ("--concept-map", "none.csv", "none.csv: No such file or directory"),
        ("--classes", "none.csv", "none.csv: No such file or directory"),
        ("--missing-value", "maybe", "'maybe' is not one of"),
    ],
)
def test_an_option_that_cannot_be_is_a_wrong_call(option: str, value: str, said: str) -> None:
    result = call("check", write("a.csv", CSV), option, *value.split())
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            f"in-1,{'x' * 33},1",
            "may refuse it. Said once for concept ids. In tables and COCO, --concept-map gives the name of a class",
        ),
        (f"{'x' * 49},tree,1", "may refuse it. Said once for input ids. In tables and COCO, --input-id file or stem"),
    ],
    ids=["concept", "input"],
)
def test_an_unusual_id_is_said_with_the_option_that_makes_another_of_it(row: str, said: str) -> None:
    result = call("check", write("a.csv", f"image_id,label,value\n{row}\n"))
    assert result.exit_code == 0
    assert said in result.stderr


def test_probabilities_need_a_threshold_and_what_is_between_is_counted() -> None:
    path = write("a.csv", "input,label,score\na,tree,0.9\nb,tree,0.5\nc,tree,0.1\n")
    result = call("check", path)
    assert result.exit_code == 1
    assert "could be a probability or a polarity" in result.stdout
    assert "a, tree, 0.9" in result.stdout
    result = call("check", path, "--threshold", "0.2:0.8")
    assert result.exit_code == 0
    assert "1 positive, 1 negative" in result.stdout
    assert "1 row between 0.2 and 0.8: left out" in result.stderr


# --- stats -----------------------------------------------------------------------------------------


def test_stats_points_out_concepts_that_are_never_absent() -> None:
    result = call("stats", write("a.csv", "input,concept,value\na,tree,1\na,polar bear,1\na,boat,0\n"))
    assert result.exit_code == 0
    assert "Without any negative" in result.stdout
    assert "polar_x20bear (polar bear), tree" in result.stdout
    assert "boat," not in result.stdout.split("Without any negative")[1]


def test_stats_of_the_app_shows_conflicts(server: Server) -> None:
    with server.client(user_id="emulator-user", app_id="app") as client:
        client.create([Annotation.of("in", positive("tree")), Annotation.of("in", negative("tree"))])
    said = objects("stats")
    [tree] = of_type(said, "concept")
    assert (tree["positives"], tree["negatives"], tree["conflicts"]) == (1, 1, 1)
    assert len(of_type(said, "conflict")) == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"id": ""}, "annotation '' of input 'in-2': came without id, and is not counted"),
        ({"input_id": ""}, "of input '': came without input_id, and is not counted"),
        (
            {"data": {"concepts": [{"id": "tree", "value": 1}, {"value": 1}]}},
            "of input 'in-2': came without data.concepts[1].id, and is not counted",
        ),
    ],
    ids=["annotation", "input", "concept"],
)
def test_stats_names_what_came_without_an_id_and_counts_the_rest(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], says: str
) -> None:
    emulator = Emulator()
    emulator.client().create([Annotation.of("in-1", negative("tree")), Annotation.of("in-2", positive("tree"))])

    def damaged(request: httpx.Request) -> httpx.Response:
        body = emulator(request).json()
        body["annotations"] = [tree | changed if tree["input_id"] == "in-2" else tree for tree in body["annotations"]]
        return httpx.Response(200, json=body)

    monkeypatch.setattr(_check, "connect", lambda *_: emulator.client(transport=httpx.MockTransport(damaged)))
    result = call("stats")
    assert result.exit_code == 1
    assert says in result.stderr
    assert "0 positive, 1 negative" in result.stdout
    assert "1 problem" in result.stdout
    said = objects("stats", code=1)
    assert [problem["message"] for problem in of_type(said, "problem")] == [says.partition(": ")[2]]
    assert of_type(said, "summary")[0]["problems"] == 1


# --- upload ----------------------------------------------------------------------------------------


def test_upload_stores_every_label_once(server: Server) -> None:
    result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 0, result.output
    assert labels_of(server.emulator) == {("in-1", "tree", 1.0): 1, ("in-1", "water", 0.0): 1, ("in-2", "tree", 0.0): 1}
    assert "3  stored" in result.stdout


def test_a_problem_in_a_file_keeps_everything_from_being_sent(server: Server) -> None:
    path = write("a.csv", CSV + "in-3,tree,maybe\n")
    result = call("upload", path)
    assert result.exit_code == 1
    assert "Nothing was sent" in result.stderr
    assert not server.emulator.requests
    assert call("upload", path, "--skip-problems").exit_code == 1
    assert labels_of(server.emulator).total() == 3


def test_two_polarities_of_one_thing_are_never_sent(server: Server) -> None:
    result = call("upload", write("a.csv", CSV + "in-1,tree,0\n"), "--skip-problems")
    assert result.exit_code == 1
    assert "remove one of each pair" in result.stderr
    assert not server.emulator.requests


@pytest.mark.parametrize("option", [(), ("--skip-problems",), ("--dry-run",)], ids=str)
def test_two_contents_of_one_annotation_id_are_never_sent(server: Server, option: tuple[str, ...]) -> None:
    result = call("upload", write("a.csv", APART), *option)
    assert result.exit_code == 1
    assert "Nothing was sent. An annotation id holds one content" in result.stderr
    assert not server.emulator.requests
    header, *rows = APART.splitlines(keepends=True)
    assert call("upload", write("sorted.csv", header + "".join(sorted(rows)))).exit_code == 0
    stored = (("in-1", "tree", 1.0), ("in-1", "water", 0.0), ("in-2", "tree", 1.0))
    assert labels_of(server.emulator) == dict.fromkeys(stored, 1)


def test_a_dry_run_sends_nothing_and_needs_no_key() -> None:
    result = call("upload", write("a.csv", CSV), "--dry-run")
    assert result.exit_code == 0
    assert "Nothing was sent: this was a dry run." in result.stdout


def journal_at(server: Server) -> Path:
    with server.client(user_id="emulator-user", app_id="app") as client:
        return _journal.journal_of(client._settings)


def test_failures_are_written_to_a_file_that_upload_takes(server: Server, inputs: Inputs) -> None:
    inputs.add("in-1")
    result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 3
    assert "1 annotation not stored, written to failures.jsonl" in result.stdout
    [failure] = [json.loads(line) for line in Path("failures.jsonl").read_text().splitlines()]
    assert failure["outcome"] == "failed"
    assert failure["annotation"]["input_id"] == "in-2"
    assert call("upload", "failures.jsonl").exit_code == 3
    inputs.add("in-2")
    assert call("upload", "failures.jsonl").exit_code == 0
    assert labels_of(server.emulator).total() == 3


def test_what_is_printed_to_send_failures_again_is_for_the_same_app(server: Server, inputs: Inputs) -> None:
    inputs.add("in-1")
    given = ["--app-id", "an other", "--user-id", "emulator-user", "--base-url", server.url]
    lines = call("upload", write("a.csv", CSV), *given).stdout.splitlines()
    command = lines[lines.index("To send them again:") + 1]
    name, *arguments = shlex.split(command)
    assert name == "clarifai-annotations"
    assert arguments[:2] == ["upload", "failures.jsonl"]
    inputs.add("in-2")
    assert call(*arguments).exit_code == 0
    assert {concept["app_id"] for tree in server.emulator.annotations for _, concept in find_concepts(tree)} == {
        "an other"
    }


def test_of_conflicts_alone_no_command_is_printed_that_sends_them_again(server: Server) -> None:
    file = write("a.csv", "input_id,concept,value\nin-1,tree,1\n")
    call("upload", file)
    [stored] = [tree for tree in server.emulator.annotations if not tree.get("input_level")]
    call("flip", stored["id"], "tree", "--input-id", "in-1")
    result = call("upload", file)
    assert result.exit_code == 3
    assert "In conflict: the app holds other content" in result.stdout
    assert "To send them again:" not in result.stdout


def test_what_waits_or_was_denied_is_not_done_after_an_export_and_an_upload(server: Server) -> None:
    states = ["ANNOTATION_PENDING", "ANNOTATION_REVIEW_DENIED", "ANNOTATION_SUCCESS"]
    with server.client(user_id="emulator-user", app_id="app") as client:
        client.create([Annotation.of(f"in-{n}", positive("tree"), status=state) for n, state in enumerate(states)])
    assert call("export", "-o", "all.jsonl").exit_code == 0
    listed = [line["annotation"] for line in objects("list")]
    shown = {tree["input_id"]: tree.get("status", {}).get("code") for tree in listed if not tree.get("input_level")}
    assert shown == {"in-0": "ANNOTATION_PENDING", "in-1": "ANNOTATION_REVIEW_DENIED", "in-2": None}
    assert call("upload", "all.jsonl", "--app-id", "copy").exit_code == 0
    with server.client(user_id="emulator-user", app_id="copy") as client:
        stored = {annotation.input_id: annotation.status for annotation in client.list() if not annotation.input_level}
    assert [stored[f"in-{n}"].code for n in range(3)] == [StatusCode[state] for state in states]  # type: ignore[union-attr]
    assert "CSV has no columns for" in call("export", "-o", "all.csv").stderr


def test_running_it_again_sends_what_is_missing_alone(server: Server, inputs: Inputs) -> None:
    inputs.add("in-1")
    path = write("a.csv", CSV)
    assert call("upload", path).exit_code == 3
    assert journal_at(server).exists()
    inputs.add("in-2")
    result = call("upload", path)
    assert result.exit_code == 0
    assert "2  skipped by the journal" in result.stdout
    assert not journal_at(server).exists()


def test_fresh_forgets_the_journal(server: Server, inputs: Inputs) -> None:
    inputs.add("in-1")
    path = write("a.csv", CSV)
    call("upload", path)
    result = call("upload", path, "--fresh")
    assert "skipped" not in result.stdout


def test_a_journal_that_another_upload_holds_is_left_alone(server: Server) -> None:
    with _journal.held(journal_at(server)):
        result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 2
    assert "is held by another upload to this app" in result.stderr
    assert not server.emulator.requests


def test_me_of_another_key_has_another_journal() -> None:
    emulator = Emulator()
    with emulator.client(user_id="me", pat="a" * 32) as one, emulator.client(user_id="me", pat="b" * 32) as other:
        names = [_journal.journal_of(client._settings) for client in (one, other)]
    assert names[0] != names[1]
    assert "aaaa" not in names[0].name


def test_a_wrong_key_is_said_and_the_journal_stays(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARIFAI_PAT", "another-key-that-is-wrong")
    result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 4
    assert "upload" not in result.stderr.split("/v2")[0]  # it is said before anything is sent
    assert "another-key" not in result.output


def test_a_server_that_is_not_there_is_an_error_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_BASE": "http://127.0.0.1:1", "PAT": PAT, "APP_ID": "app"}.items():
        monkeypatch.setenv(f"CLARIFAI_{name}", value)
    with no_waiting():
        assert call("list").exit_code == 4


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_no_part_of_the_password_of_a_proxy_is_printed(monkeypatch: pytest.MonkeyPatch, more: list[str]) -> None:
    for name, value in {"API_BASE": "https://clarifai.test", "PAT": PAT, "APP_ID": "app"}.items():
        monkeypatch.setenv(f"CLARIFAI_{name}", value)
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:open#sesame@127.0.0.1:1")
    result = call("list", *more)
    assert result.exit_code == 2
    assert "HTTPS_PROXY is no address of a proxy" in result.output
    assert not any(part in result.output for part in ("somebody", "'open", "sesame"))


@pytest.mark.parametrize("arguments", [["list"], ["upload", "a.csv"], ["stats"]], ids=" ".join)
def test_a_missing_key_is_a_wrong_call_that_names_the_variable(arguments: list[str]) -> None:
    write("a.csv", CSV)
    result = call(*arguments)
    assert result.exit_code == 2
    assert "CLARIFAI_PAT" in result.stderr


# --- there and back --------------------------------------------------------------------------------


def test_lvis_goes_through_check_upload_stats_export_and_back_with_faults_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.emulator.faults = Faults.seeded(3, share=0.3, methods=["POST"], kinds=QUICK)
    [expected] = of_type(objects("check", SAMPLE), "summary")
    names = ("positives", "negatives", "parts", "annotations", "inputs", "concepts")
    counts = {name: expected[name] for name in names}
    assert all(counts[name] for name in ("positives", "negatives", "parts"))
    with no_waiting():
        [uploaded] = of_type(objects("upload", SAMPLE), "upload")
        assert uploaded["is_complete"]
        [of_app] = of_type(objects("stats"), "summary")
        assert {name: of_app[name] for name in names} == counts
        for name in ("out.jsonl", "out.csv"):
            assert of_type(objects("export", "-o", name), "export")[0]["annotations"] == counts["annotations"]
            [again] = of_type(objects("check", name), "summary")
            assert {name: again[name] for name in names} == counts
            monkeypatch.setenv("CLARIFAI_APP_ID", f"app-of-{name}")
            [uploaded] = of_type(objects("upload", name), "upload")
            assert uploaded["stored"] + uploaded["already_there"] == counts["annotations"]
            [copy] = of_type(objects("stats"), "summary")
            assert {name: copy[name] for name in names} == counts
            monkeypatch.setenv("CLARIFAI_APP_ID", "app")


def test_export_writes_json_lines_to_the_output(server: Server) -> None:
    call("upload", write("a.csv", CSV))
    lines = [json.loads(line) for line in call("export").stdout.splitlines()]
    assert {(line["input_id"], *line["data"]["concepts"][0].values()) for line in lines} == {
        ("in-1", "tree", 1.0),
        ("in-1", "water", 0.0),
        ("in-2", "tree", 0.0),
    }


def test_what_csv_cannot_hold_is_named_and_left_out(server: Server) -> None:
    with server.client(user_id="emulator-user", app_id="app") as client:
        client.create([Annotation.of("in", positive("tree")), Annotation.of("in", metadata={"by": "me"})])
    result = call("export", "-o", "out.csv")
    assert result.exit_code == 1
    assert "holds more than concepts of an input or a box, which CSV has no columns for" in result.stderr
    assert len(Path("out.csv").read_text().splitlines()) == 2


def test_an_export_that_breaks_off_leaves_the_old_file(server: Server) -> None:
    write("out.jsonl", "old")
    server.emulator.faults = Faults(["http_503_before"] * 50)
    with no_waiting():
        assert call("export", "-o", "out.jsonl").exit_code == 4
    assert Path("out.jsonl").read_text() == "old"
    assert [path.name for path in Path().glob("out*")] == ["out.jsonl"]


# --- what is in the app ------------------------------------------------------------------------------


@pytest.fixture
def stored(server: Server) -> Annotation:
    with server.client(user_id="emulator-user", app_id="app") as client:
        return client.create(Annotation.of("in", positive("tree"), negative("water"), region=BOX))[0]


def test_list_get_and_search_show_polarities(stored: Annotation) -> None:
    line = f"in  {stored.id}  +tree -water (bounding_box)"
    assert call("list").stdout.strip() == line
    assert call("get", stored.id, "--input-id", "in").stdout.strip() == line
    assert call("search", "--positive", "tree", "--negative", "water").stdout.strip() == line
    assert call("search", "--negative", "tree").stdout == ""
    assert call("list", "--input-id", "other").stdout == ""
    [listed] = of_type(objects("list", "--limit", "1"), "annotation")
    assert listed["annotation"]["id"] == stored.id


def test_what_list_prints_as_objects_can_be_uploaded(stored: Annotation, monkeypatch: pytest.MonkeyPatch) -> None:
    write("list.jsonl", call("list", "--json").stdout)
    monkeypatch.setenv("CLARIFAI_APP_ID", "other")
    assert call("upload", "list.jsonl").exit_code == 0


def test_flip_turns_a_label_around_and_to_says_which_way(stored: Annotation) -> None:
    assert "-tree -water" in call("flip", stored.id, "tree", "--input-id", "in").stdout
    assert "+tree -water" in call("flip", stored.id, "tree", "--input-id", "in").stdout
    assert "-tree -water" in call("flip", stored.id, "tree", "--input-id", "in", "--to", "negative").stdout
    assert "-tree -water" in call("flip", stored.id, "tree", "--input-id", "in", "--to", "negative").stdout


def test_an_unusual_id_is_said_without_options_that_the_command_has_not(server: Server) -> None:
    with pytest.warns(UnusualIdWarning), server.client(user_id="emulator-user", app_id="app") as client:
        [stored] = client.create(Annotation.of("in", positive("a tree")))
    encode._warned.clear()
    result = call("flip", stored.id, "a tree", "--input-id", "in")
    assert "concept id 'a tree' is unlike Clarifai's" in result.stderr
    assert "--concept-map" not in result.stderr


def test_flip_of_what_is_not_there_says_what_is(stored: Annotation) -> None:
    result = call("flip", stored.id, "boat", "--input-id", "in")
    assert result.exit_code == 1
    assert "'boat' is not in it; it says +tree -water" in result.stderr


def test_delete_asks_or_is_told(stored: Annotation) -> None:
    refused = call("delete", stored.id, "--input-id", "in")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert call("list").stdout
    assert call("delete", stored.id, "--input-id", "in", "--yes").exit_code == 0
    assert call("list").stdout == ""
    assert call("get", stored.id, "--input-id", "in").exit_code == 4


def test_a_search_for_nothing_is_a_wrong_call(server: Server) -> None:
    result = call("search")
    assert result.exit_code == 2
    assert "say what to find" in result.stderr


# --- the whole ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(program.commands))
def test_help_has_an_example_and_no_option_for_a_key(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    if name != "emulator":
        assert f"Example: clarifai-annotations {name}" in result.stdout
        assert "--pat" not in result.stdout


def test_check_says_what_the_guard_would_refuse() -> None:
    write("a.jsonl", '{"input_id": "in", "data": {"concepts": [{"id": "tree", "value": 0.7}]}}\n')
    result = call("check", "a.jsonl")
    assert result.exit_code == 1
    assert "a.jsonl, line 1" in result.stdout
    assert "has the value 0.7: it must be 1 (present) or 0 (absent)" in result.stdout


@pytest.mark.parametrize("change", ["turned", "gone"])
def test_what_was_checked_is_what_is_sent_whatever_becomes_of_the_files(
    server: Server, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = write("a.csv", CSV)
    counted = _check.counted

    def check_and_change(*arguments: Any) -> None:
        counted(*arguments)
        path.unlink()
        if change == "turned":
            write("a.csv", CSV.replace("tree,1", "tree,0").replace("water,0", "tree,1"))

    monkeypatch.setattr(_upload, "counted", check_and_change)
    result = call("upload", path)
    assert result.exit_code == 0
    assert labels_of(server.emulator) == {("in-1", "tree", 1.0): 1, ("in-1", "water", 0.0): 1, ("in-2", "tree", 0.0): 1}


def test_with_problems_skipped_what_has_one_is_not_tried(server: Server) -> None:
    write("a.jsonl", '{"input_id": "in", "data": {"concepts": [{"id": "tree", "value": 0.7}]}}\n')
    [uploaded] = of_type(objects("upload", "a.jsonl", write("b.csv", CSV), "--skip-problems", code=1), "upload")
    assert (uploaded["taken"], uploaded["stored"], uploaded["failed"]) == (3, 3, 0)


def test_ids_that_are_in_a_file_and_ids_that_are_not_stay_so_when_they_are_sent(server: Server) -> None:
    header = "input_id,annotation_id,concept_id,value\n"
    write("a.csv", header + "in-1,mine,tree,1\nin-2,,tree,0\n")
    assert call("upload", "a.csv").exit_code == 0
    ids = {annotation["input_id"]: annotation["id"] for annotation in server.emulator.annotations}
    with server.client(user_id="emulator-user", app_id="other") as client:
        [made] = client.create(Annotation.of("in-2", negative("tree")))
    assert ids == {"in-1": "mine", "in-2": made.id}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_disk_without_room_is_a_wrong_setting_that_says_what_to_do(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: Path("/dev/full").open("r+b"))  # noqa: SIM115 # as it does
    result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 2
    assert "(No space left on device): make room, or set TMPDIR to a folder that has some" in result.stderr
    assert labels_of(server.emulator).total() == 0


@pytest.mark.parametrize("arguments", [["upload", "a.csv", "--failures", "none/f.jsonl"], ["export", "-o", "none/x"]])
def test_a_file_that_cannot_be_written_is_named(server: Server, inputs: Inputs, arguments: list[str]) -> None:
    write("a.csv", CSV)
    inputs.add("none of them")
    result = call(*arguments)
    assert result.exit_code == 2
    assert "none/" in result.stderr
    assert not labels_of(server.emulator)


def test_content_that_this_version_does_not_know_is_shown_and_named_by_an_export_without_it(server: Server) -> None:
    with server.client(user_id="emulator-user", app_id="app") as client:
        client.create(Annotation.of("in", positive("tree")))
    [stored] = server.emulator._state.apps["emulator-user", "app"].annotations.values()
    stored["data"]["holograms"] = [1]
    assert "+tree" in call("list").stdout
    assert "1 positive" in call("stats").stdout
    result = call("export", "-o", "out.jsonl")
    assert result.exit_code == 1
    assert "holograms" in result.stderr


# --- what would turn a label, or make another of it -------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("input,label,absent\na,cat,1\n", ["--column", "value=absent"], "a 1 would mean absent"),
        ("input,label,Is Negative\na,cat,1\n", ["--column", "value=Is Negative"], "a 1 would mean absent"),
        ("input,label,present,x,y,width,height\na,cat,1,.1,.1,.2,.2\n", [], "boxes that are not said by their edges"),
        ("input,label,present,bbox_x,bbox_y,bbox_w,bbox_h\na,cat,1,.1,.1,.2,.2\n", [], "not said by their edges"),
        ("input,label,present,x_center,y_center,width,height\na,cat,1,.1,.1,.2,.2\n", [], "not said by their edges"),
        (
            "input,label,present,confidence\na,cat,1,0.1\n",
            ["--column", "probability=confidence", "--threshold", "0.5:0.5"],
            "and one can count",
        ),
        ('input,label,present\na,"cat,1\nb,dog",0\n', [], "has a line break in its name"),
        ("input,label,present,present\na,cat,1,0\n", [], "2 columns are called 'present': rename all but one"),
    ],
)
def test_a_table_that_could_be_misread_is_refused(text: str, options: list[str], said: str) -> None:
    result = call("check", write("a.csv", text), *options)
    assert result.exit_code == 1
    assert said in result.stdout
    assert "0 annotations" in result.stdout


def test_columns_that_are_not_used_are_named() -> None:
    result = call("check", write("a.csv", "input,label,present,who,confidence\na,cat,1,me,0.3\n"))
    assert "value = 'present'; not used: 'who', 'confidence'" in result.stderr


# --- what must not be lost ---------------------------------------------------------------------------


def test_no_file_is_overwritten_by_failures(server: Server, inputs: Inputs) -> None:
    path, other = write("a.csv", CSV), write("notes.txt", "mine")
    Path("link").symlink_to("nowhere")
    for taken in (other, "link"):
        refused = call("upload", path, "--failures", taken)
        assert refused.exit_code == 2
        assert "this file is there already, and is not overwritten" in refused.stderr
    assert other.read_text() == "mine"
    inputs.add("none of them")
    assert [call("upload", path).exit_code for _ in range(2)] == [3, 3]
    assert sorted(path.name for path in Path().glob("failures*")) == ["failures-2.jsonl", "failures.jsonl"]


def test_a_link_or_a_device_is_written_into_and_not_replaced(server: Server, tmp_path: Path) -> None:
    call("upload", write("a.csv", CSV))
    Path("link.jsonl").symlink_to("there.jsonl")
    write("there.jsonl", "old")
    assert call("export", "-o", "link.jsonl").exit_code == 0
    assert Path("link.jsonl").is_symlink()
    assert len(Path("there.jsonl").read_text().splitlines()) == 3
    assert call("export", "-o", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


def test_an_export_overwrites_no_file_beside_the_one_that_it_writes(server: Server) -> None:
    call("upload", write("a.csv", CSV))
    write("out.jsonl.part", "mine")
    Path("out.jsonl.part2").symlink_to("nowhere")
    assert call("export", "-o", "out.jsonl").exit_code == 0
    assert Path("out.jsonl").read_text().count("\n") == 3
    assert Path("out.jsonl.part").read_text() == "mine"
    assert Path("out.jsonl.part2").is_symlink()


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.csv.gz"])
def test_an_export_that_ends_in_gz_is_packed(server: Server, name: str) -> None:
    call("upload", write("a.csv", CSV))
    assert call("export", "-o", name).exit_code == 0
    assert Path(name).read_bytes()[:2] == b"\x1f\x8b"
    [summary] = of_type(objects("check", name), "summary")
    assert (summary["positives"], summary["negatives"]) == (1, 2)


def test_a_label_that_was_flipped_in_the_app_is_a_conflict_that_says_what_helps(server: Server) -> None:
    path = write("a.csv", CSV)
    call("upload", path)
    [tree] = [one for one in of_type(objects("list"), "annotation") if "in-2" in one["annotation"]["input_id"]]
    call("flip", tree["annotation"]["id"], "tree", "--input-id", "in-2")
    result = call("upload", path)
    assert result.exit_code == 3
    assert "turn it with flip, or delete it" in result.stdout


def test_what_the_journal_skips_is_said_with_the_way_to_send_it(server: Server, inputs: Inputs) -> None:
    inputs.add("in-1")
    path = write("a.csv", CSV)
    call("upload", path)
    assert "--fresh asks for all of it again" in call("upload", path).stderr


def test_a_server_that_is_not_there_is_said_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_BASE": "http://127.0.0.1:1", "PAT": PAT, "APP_ID": "app"}.items():
        monkeypatch.setenv(f"CLARIFAI_{name}", value)
    with no_waiting():
        result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 4
    assert "list: GET" in result.stderr


def test_requests_that_fail_are_said_while_the_upload_goes_on(server: Server) -> None:
    server.emulator.faults = Faults(["http_503_before"] * 3, methods=["POST"])
    with no_waiting():
        result = call("upload", write("a.csv", CSV))
    assert result.exit_code == 0
    assert "1 request failed so far, the last by InternalServerError" in result.stderr


@pytest.mark.parametrize("arguments", [["search", "--status", "nonsense"], ["search", "--positive", ""]], ids=" ".join)
def test_a_filter_that_cannot_be_is_a_wrong_call(server: Server, arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_delete_goes_on_after_what_is_not_there_and_says_so(stored: Annotation) -> None:
    result = call("delete", "nope", stored.id, "--input-id", "in", "--yes")
    assert result.exit_code == 4
    assert "nope was not deleted" in result.stderr
    assert f"deleted {stored.id}" in result.stdout


@pytest.mark.parametrize("arguments", [["nofile.csv"], ["a.csv", "--column", "nope=x"]], ids=" ".join)
def test_a_file_that_is_not_there_is_a_wrong_call(arguments: list[str]) -> None:
    write("a.csv", CSV)
    assert call("check", *arguments).exit_code == 2
