"""One limit of nesting, wherever JSON comes in: what is deeper fails alone, as an error of this library."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, Client, InvalidRequestError, positive, read_annotations
from clarifai_http_annotations._wire.encode import MAX_FREE_LEVELS, MAX_LEVELS, to_tree
from clarifai_http_annotations.aws_lambda import handle
from clarifai_http_annotations.labels import Problem, read_labels
from clarifai_http_annotations.testing import Emulator

MANY = 5000
"""More than Python can walk down with functions, and than some Pythons can parse."""


def nested(levels: int) -> Any:
    """Return so many objects and lists within each other."""
    value: Any = {}
    for level in range(levels - 1):
        value = {"a": value} if level % 2 else [value]
    return value if isinstance(value, dict) else {"a": value[0]}


def nested_text(levels: int) -> str:
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


def with_metadata(levels: int, name: str = "deep") -> dict[str, Any]:
    return {"input_id": name, "data": {"concepts": [{"id": "tree", "value": 1}], "metadata": nested(levels)}}


def with_parts(levels: int, name: str = "deep") -> dict[str, Any]:
    """Return an annotation of so many levels: frames in frames, four levels of which hold something."""
    data: dict[str, Any] = {"concepts": [{"id": "tree", "value": 1}]}
    for _ in range((levels - 4) // 3):
        data = {"frames": [{"frame_info": {"time": 0}, "data": data}]}
    return {"input_id": name, "data": data}


GOOD = {"input_id": "good", "data": {"concepts": [{"id": "tree", "value": 1}]}}

TOO_DEEP: dict[str, Any] = {
    "metadata": lambda: with_metadata(MAX_FREE_LEVELS + 1),
    "annotation_info": lambda: {**GOOD, "input_id": "deep", "annotation_info": nested(MAX_FREE_LEVELS + 1)},
    "parts": lambda: with_parts(MAX_LEVELS + 3),
    "a field that there is not": lambda: {**GOOD, "input_id": "deep", "new": nested(MAX_LEVELS)},
    "metadata, far": lambda: with_metadata(MANY),
    "parts, far": lambda: with_parts(MANY),
    "a field, far": lambda: {**GOOD, "input_id": "deep", "new": nested(MANY)},
}

too_deep = pytest.mark.parametrize("make", TOO_DEEP.values(), ids=TOO_DEEP)

IS_DEEP = r"nested too deep.*it may have 64 levels, and its metadata or annotation_info 256 of their own"


def text_of(tree: Any) -> str:
    """Return JSON without a function that walks down."""
    said, todo = [], [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            inner: list[Any] = ["}"]
            for key, value in part.items():
                inner += [value, json.dumps(key) + ":", ","]
            todo += [*(inner[:-1] if part else inner), "{"]
        elif isinstance(part, list):
            todo += ["]", *part, "["]  # of one, as everywhere here
        else:
            said.append(part if isinstance(part, str) and part[-1:] in "{}[],:" else json.dumps(part))
    return "".join(said)


def test_the_deepest_that_is_allowed_is_sent_and_comes_back(connect: Any) -> None:
    """Not by the emulator, whose own limit is that of the strictest of protobuf's parsers."""
    stored: dict[str, Any] = {}

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"status": {"code": 10000}, "annotation": stored})
        [asked] = json.loads(request.content)["annotations"]
        stored.update(asked if request.method == "POST" else {})
        answered = {**stored, "data": {**stored["data"], **asked["data"]}, "status": {"code": 24150}}
        return httpx.Response(200, json={"status": {"code": 10000}, "annotations": [answered]})

    client = connect(server)
    deepest: dict[str, Any] = {**with_parts(MAX_LEVELS, "in"), "annotation_info": nested(MAX_FREE_LEVELS)}
    deepest["data"]["metadata"] = nested(MAX_FREE_LEVELS)
    [created] = client.create(deepest)
    assert created.data.metadata == nested(MAX_FREE_LEVELS)
    created.data.metadata["more"] = 1
    [patched] = client.patch(created)
    assert patched.data.metadata == {"more": 1}  # all that was sent
    found = client.set_value(created.id, input_id="in", concept_id="tree", value=False)
    assert [concept.value for _, concept in found.each_concept()] == [0.0]
    [read] = read_annotations(json.dumps(deepest))
    assert client.create(read)[0].id == created.id


@too_deep
def test_create_refuses_what_is_too_deep(connect: Any, emulator: Emulator, make: Any) -> None:
    with pytest.raises(InvalidRequestError, match=rf"Nothing was sent\. annotations\[1\].*{IS_DEEP}"):
        connect(emulator).create([GOOD, make()])
    assert emulator.requests == []


@too_deep
def test_upload_fails_what_is_too_deep_alone(connect: Any, emulator: Emulator, make: Any) -> None:
    report = connect(emulator).upload([GOOD, make(), {**GOOD, "input_id": "better"}])
    [failure] = report.failures
    assert (report.stored, report.failed, failure.index) == (2, 1, 1)
    assert "nested too deep" in str(failure.error)


@too_deep
def test_patch_refuses_what_is_too_deep(connect: Any, emulator: Emulator, make: Any) -> None:
    client = connect(emulator)
    with pytest.raises(InvalidRequestError, match=IS_DEEP):
        client.patch({**make(), "id": "a"})
    assert emulator.requests == []


@pytest.mark.parametrize("levels", [MAX_FREE_LEVELS, MANY])
def test_an_edit_that_makes_it_too_deep_is_refused(connect: Any, emulator: Emulator, levels: int) -> None:
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), metadata={"a": 1}))
    annotation.data.metadata["a"] = nested(levels)
    with pytest.raises(InvalidRequestError, match=IS_DEEP):
        client.patch(annotation)
    assert emulator.annotations[0]["data"]["metadata"] == {"a": 1}


@pytest.mark.parametrize("levels", [MAX_FREE_LEVELS + 1, 400])
def test_a_label_beside_metadata_that_is_too_deep_is_not_set(connect: Any, levels: int) -> None:
    answer = {"status": {"code": 10000}, "annotation": {**with_metadata(levels, "in"), "id": "a"}}
    with pytest.raises(InvalidRequestError, match=IS_DEEP):
        connect(lambda request: httpx.Response(200, text=json.dumps(answer))).set_value(
            "a", input_id="in", concept_id="tree", value=False
        )


@too_deep
def test_read_annotations_names_the_one_that_is_too_deep(make: Any) -> None:
    for source in ([GOOD, make()], {"annotations": [GOOD, make()]}, f"[{text_of(GOOD)},{text_of(make())}]"):
        with pytest.raises(InvalidRequestError, match=rf"annotations\[1\]: .*{IS_DEEP}"):
            read_annotations(source)


@pytest.mark.parametrize(
    "source",
    [
        nested_text(MANY),
        f'{{"annotations": {nested_text(MANY)}}}',
        f'{{"annotation": {nested_text(MANY)}}}',
        nested_text(MANY).encode("utf-16"),
        nested(MANY),
    ],
    ids=["one", "no list", "the one", "bytes", "an object"],
)
def test_json_that_is_too_deep_as_a_whole_is_refused(source: Any) -> None:
    with pytest.raises(InvalidRequestError, match="nested too deep"):
        read_annotations(source)


@pytest.mark.parametrize("broken", ['{"a":' * MANY, "[" * MANY + "}" * MANY, "[" * MANY + '"'])
def test_what_is_deep_and_no_json_is_refused(broken: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"nested too deep|This is not JSON"):
        read_annotations(broken)


def test_braces_in_texts_are_no_levels() -> None:
    text = f'[{text_of(GOOD)},{{"input_id":"{{[\\"{{","data":{{"metadata":{nested_text(MANY)}}}}}]'
    with pytest.raises(InvalidRequestError, match=rf"annotations\[1\]: .*{IS_DEEP}"):
        read_annotations(text)


@too_deep
@pytest.mark.parametrize("name", ["lines.jsonl", "document.json"])
def test_read_labels_has_one_problem_for_what_is_too_deep_and_reads_the_others(
    tmp_path: Path, name: str, make: Any
) -> None:
    texts = [text_of(GOOD), text_of(make()), text_of({**GOOD, "input_id": "better"})]
    file = tmp_path / name
    file.write_text("\n".join(texts) if name == "lines.jsonl" else f'{{"annotations": [{",".join(texts)}]}}')
    problems: list[Problem] = []
    found = [label.annotation["input_id"] for label in read_labels(file, on_problem=problems.append)]
    assert found == ["good", "better"]
    [problem] = problems
    assert "nested too deep" in problem.message


class Context:
    """What is needed of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def message(number: int, body: str) -> dict[str, Any]:
    return {"messageId": str(number), "eventSource": "aws:sqs", "body": body}


@too_deep
def test_handle_fails_one_message_of_a_batch_that_is_too_deep(emulator: Emulator, make: Any) -> None:
    bodies = [text_of({**GOOD, "input_id": f"in-{number}"}) for number in range(9)]
    bodies.insert(4, text_of(make()))
    event = {"Records": [message(number, body) for number, body in enumerate(bodies)]}
    with emulator.client() as client:
        assert isinstance(client, Client)
        assert handle(event, Context(), client) == {"batchItemFailures": [{"itemIdentifier": "4"}]}
        assert len(emulator.annotations) == 9
        with pytest.raises(InvalidRequestError, match="nested too deep"):
            handle(make(), Context(), client)


def test_a_stack_that_is_nearly_full_is_no_other_error() -> None:
    def down(levels: int) -> Any:
        return to_tree(with_parts(MAX_LEVELS)) if levels == 0 else down(levels - 1)

    with pytest.raises(InvalidRequestError, match=IS_DEEP):
        down(sys.getrecursionlimit() - len(inspect.stack(0)) - 30)


def test_a_text_without_an_end_is_looked_at_once(tmp_path: Path) -> None:
    """Where each of its letters was looked at for each that came before, this took hours."""
    with pytest.raises(InvalidRequestError):
        read_annotations("[" * MANY + '"' + '\\"' * 500_000)
