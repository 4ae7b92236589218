"""JSON that was written elsewhere: the polarity of a concept without ``value`` is somebody's decision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clarifai_http_annotations import InvalidRequestError, MissingValueError, read_annotations
from clarifai_http_annotations.testing import Emulator

# As protobuf's MessageToDict prints an annotation with a positive and a negative: the 0 is gone.
PRINTED = {
    "input_id": "in-1",
    "data": {
        "concepts": [{"id": "tree", "value": 1.0}, {"id": "water"}],
        "regions": [
            {
                "region_info": {"bounding_box": {"bottom_row": 0.5, "right_col": 0.5}},
                "data": {"concepts": [{"id": "boat"}]},
            }
        ],
    },
}


class Message:
    """What is to be seen of a message of protobuf."""

    DESCRIPTOR = object()


def values(source: Any, **policy: Any) -> list[dict[str, float]]:
    return [{c.id: c.value for _, c in annotation.each_concept()} for annotation in read_annotations(source, **policy)]


def test_by_default_every_place_without_a_value_is_listed_and_nothing_is_guessed() -> None:
    with pytest.raises(MissingValueError, match="Concepts without value") as refused:
        read_annotations({"annotations": [PRINTED]})
    assert [problem.split(" has ")[0] for problem in refused.value.problems] == [
        "annotations[0].data.concepts[1] (input 'in-1'): concept 'water'",
        "annotations[0].data.regions[0].data.concepts[0] (input 'in-1'): concept 'boat'",
    ]
    assert 'missing_value="negative" for JSON that protobuf printed' in str(refused.value)


@pytest.mark.parametrize(("policy", "value"), [("positive", 1.0), ("negative", 0.0)])
def test_the_policy_decides_what_a_missing_value_is(policy: str, value: float) -> None:
    assert values(PRINTED, missing_value=policy) == [{"tree": 1.0, "water": value, "boat": value}]


def test_a_value_that_is_there_is_never_changed() -> None:
    source = [{"input_id": "in", "data": {"concepts": [{"id": "a", "value": 0}, {"id": "b", "value": 1}]}}]
    for policy in ("error", "positive", "negative"):
        assert values(source, missing_value=policy) == [{"a": 0.0, "b": 1.0}]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda a: a,
        lambda a: [a],
        lambda a: {"annotations": [a]},
        lambda a: {"status": {"code": 10000}, "annotation": a},
        lambda a: json.dumps([a]),
        lambda a: json.dumps(a).encode(),
    ],
    ids=["one", "list", "request", "answer", "text", "bytes"],
)
def test_every_usual_shape_is_read(wrap: Any) -> None:
    assert values(wrap(PRINTED), missing_value="negative") == [{"tree": 1.0, "water": 0.0, "boat": 0.0}]


def test_the_source_is_not_changed() -> None:
    source = json.loads(json.dumps(PRINTED))
    read_annotations(source, missing_value="negative")
    assert source == PRINTED


def test_what_was_read_can_be_sent_with_its_status_and_both_polarities(connect: Any, emulator: Emulator) -> None:
    source = {**PRINTED, "status": {"code": "ANNOTATION_PENDING"}, "created_at": "2025-02-28T09:41:55Z"}
    connect(emulator).create(read_annotations(source, missing_value="negative"))
    [request] = emulator.requests
    [sent] = request.body["annotations"]
    assert sent["status"] == {"code": "ANNOTATION_PENDING"}
    assert sent["data"]["concepts"] == [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]
    assert emulator.missing_values == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{", "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "no annotations in a int"),
        ("{}", r"annotations\[0\] has no input_id"),
        ([{"image_id": 1, "bbox": []}], r"annotations\[0\] has no input_id"),
        ('{"input_id": "in", "data": {"concepts": [{"id": "a", "value": 1, "value": 0}]}}', "a key is there twice"),
        ({"inputId": "in"}, r"annotations\[0\] has names in camelCase \(inputId\).*preserving_proto_field_name"),
        ([{"input_id": "in", "data": {"regions": [{"regionInfo": {}}]}}], "camelCase"),
        (Path("labels.json"), r"no annotations in a PosixPath\. Give the content of a file"),
        (None, "no annotations in a NoneType"),
        ([3], r"annotations\[0\]: Input should be"),
        ([{"input_id": "in", "dta": {"concepts": []}}], r"annotations\[0\] has no data, but 'dta': .*mean 'data'\?"),
        ([{"input_id": 3}], r"annotations\[0\]\.input_id: Input should be"),
        ([{"input_id": "in", "data": {"concepts": [{"id": "a", "value": "x"}]}}], r"concepts\[0\]\.value: "),
        ([{"input_id": object()}], "cannot be sent"),
        ('{"input_id": "a"}\n{"input_id": "b"}', "JSON Lines are read line by line"),
        ([{"input_id": "in", "data": {"concepts": [{"id": "a", "value": "1"}]}}], r"value: must be a number, not str"),
        (Message(), r"message of protobuf, and no JSON\. .*MessageToDict"),
        ([Message()], r"message of protobuf, and no JSON\. .*MessageToDict"),
    ],
)
def test_what_is_no_json_of_annotations_is_refused_with_its_place(source: Any, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        read_annotations(source)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="one of error, positive, negative, not 'maybe'"):
        read_annotations([], missing_value="maybe")  # type: ignore[arg-type]


def test_an_empty_frame_info_that_protobuf_printed_is_the_frame_at_0(connect: Any, emulator: Emulator) -> None:
    data = {"frames": [{"frame_info": {}, "data": {"concepts": [{"id": "tree"}]}}], "metadata": {"frame_info": {}}}
    printed = [{"input_id": "in-1", "data": data}]
    connect(emulator).create(read_annotations(printed, missing_value="negative"))
    [request] = emulator.requests
    sent = request.body["annotations"][0]["data"]
    assert sent["frames"][0]["frame_info"] == {"time": 0}
    assert sent["metadata"] == {"frame_info": {}}
    data["frames"][0]["data"]["concepts"][0]["value"] = 0  # type: ignore[index]
    as_it_is = read_annotations(printed)
    with pytest.raises(InvalidRequestError, match="say which frame"):
        connect(emulator).create(as_it_is)


@pytest.mark.parametrize("give", [lambda message: message, lambda message: [message]], ids=["one", "list"])
def test_a_message_of_protobuf_that_is_given_to_be_sent_is_told_how_to_be_read(give: Any, connect: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"annotations\[0\] is a message of protobuf\. .*MessageToDict"):
        connect(Emulator()).create(give(Message()))


def test_a_field_of_a_later_version_beside_data_is_kept() -> None:
    [annotation] = read_annotations([{"input_id": "in", "data": {}, "later": 1}])
    assert annotation.model_extra == {"later": 1}
    assert read_annotations([{"input_id": "in", "embed_model_version_id": "m"}])[0].data is None
