"""JavaScript's null, as newer versions of Pyodide show it: another thing than None, and the same to JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from js_null import JS_NULL

from clarifai_http_annotations import (
    Annotation,
    Filter,
    InvalidRequestError,
    MissingValueError,
    positive,
    read_annotations,
)
from clarifai_http_annotations._wire.encode import to_tree
from clarifai_http_annotations.testing import Emulator


class Other:
    """Something else that JSON does not have."""


def made_by(null: Any) -> dict[str, Any]:
    """Return what ``to_py()`` makes of an object of JavaScript."""
    data = {"concepts": [{"id": "tree", "value": 0}], "metadata": {"by": null, "of": [null, {"x": null}]}}
    return {"input_id": "in-1", "data": data, "annotation_info": null, "status": null}


STORED = {"by": None, "of": [None, {"x": None}]}


@pytest.fixture
def client(connect: Callable[..., Any], emulator: Emulator) -> Any:
    return connect(emulator)


def test_it_is_sent_as_null_from_a_dict(client: Any, emulator: Emulator) -> None:
    [as_none] = client.create(made_by(None))
    assert emulator.annotations[0]["data"]["metadata"] == STORED
    emulator.reset()
    [as_null] = client.create(made_by(JS_NULL))
    assert emulator.annotations[0]["data"]["metadata"] == STORED
    assert as_null.id == as_none.id, "the same content"


def test_it_is_sent_as_null_from_a_model_and_from_an_edit_of_one(client: Any, emulator: Emulator) -> None:
    annotation = Annotation.of("in-1", positive("tree"), metadata={"by": JS_NULL}, annotation_info={"a": JS_NULL})
    [stored] = client.create(annotation)
    assert emulator.annotations[0]["data"]["metadata"] == {"by": None}
    stored.data.metadata["by"] = "somebody"
    stored.annotation_info = {"a": JS_NULL, "b": [1, JS_NULL]}
    client.patch(stored)
    sent = emulator.requests[-1].body["annotations"][0]
    assert sent["annotation_info"] == {"b": [1, None]}


def test_a_field_that_is_null_says_nothing() -> None:
    annotation = Annotation.of("in-1", positive("tree"))
    annotation.__dict__["id"] = JS_NULL
    annotation.__pydantic_fields_set__.add("id")
    assert to_tree(annotation) == to_tree(Annotation.of("in-1", positive("tree")))


def test_rows_of_an_upload_may_hold_it(client: Any, emulator: Emulator) -> None:
    report = client.upload([made_by(JS_NULL), {**made_by(JS_NULL), "input_id": "in-2"}])
    assert (report.stored, report.failed) == (2, 0)
    assert [tree["data"]["metadata"] for tree in emulator.annotations] == [STORED, STORED]


def test_what_was_written_elsewhere_may_hold_it_and_a_value_of_null_is_missing() -> None:
    [annotation] = read_annotations(made_by(JS_NULL))
    assert to_tree(annotation) == to_tree(read_annotations(made_by(None))[0])
    for null in (None, JS_NULL):
        unsaid = {"input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": null}]}}
        with pytest.raises(MissingValueError):
            read_annotations(unsaid)
        [said] = read_annotations(unsaid, "negative")
        assert said.data is not None
        assert said.data.concepts[0].value == 0.0


def test_a_filter_may_hold_it(client: Any, emulator: Emulator) -> None:
    list(client.search(Filter(metadata={"by": JS_NULL})))
    assert "null" not in str(emulator.requests[0].body).replace("None", "")


def test_what_else_is_no_json_is_refused_by_its_name(client: Any) -> None:
    with pytest.raises(InvalidRequestError, match="A Other cannot be sent: JSON has no such thing"):
        client.create(made_by(Other()))
