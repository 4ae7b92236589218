"""Both polarities as the documentation posts them: the exact body, and what is made of the answer.

The bodies in ``samples/requests`` are the documented ones ("Positive and negative annotations",
"Add annotations") with the id that this library adds, and with ``value`` as a float.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import respx

from clarifai_http_annotations import Annotation, BoundingBox, negative, positive

SAMPLES = Path(__file__).parent / "samples" / "requests"
INPUT = "53d0362a9dfa4e03b2293375e2d0db73"
URL = "https://api.clarifai.com/v2/users/me/apps/app/annotations"

UPPER = BoundingBox(top_row=0, left_col=0, bottom_row=0.5, right_col=0.5)
LOWER = BoundingBox(top_row=0.6, left_col=0.6, bottom_row=0.8, right_col=0.8)

BUILT: dict[str, list[Annotation]] = {
    "both_present": [Annotation.of(INPUT, positive("tree"), positive("water"))],
    "both_absent": [Annotation.of(INPUT, negative("tree"), negative("water"))],
    "present_and_absent": [Annotation.of(INPUT, positive("tree"), negative("water"))],
    "boxes": [
        Annotation.of(INPUT, positive("tree"), negative("water"), region=UPPER),
        Annotation.of(INPUT, positive("bike"), region=LOWER),
    ],
    "pending": [Annotation.of(INPUT, status="ANNOTATION_PENDING")],
}


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    """Answer the way the API is thought to: what was asked, with a status and what the server adds."""
    status = {"code": 24150, "description": "Annotation success"}
    added = {"status": status, "created_at": "2025-02-28T09:41:55.568082659Z", "user_id": "somebody"}
    return {
        "status": {"code": 10000, "description": "Ok", "req_id": "8816febaa1ce4ecab9fb3e3a1614a100"},
        "annotations": [{**annotation, **added} for annotation in body["annotations"]],
    }


@pytest.mark.parametrize("name", sorted(BUILT))
def test_what_is_built_by_types_is_posted_as_documented_and_read_back(connect: Any, name: str) -> None:
    body = json.loads((SAMPLES / f"{name}.json").read_text())
    with respx.mock(assert_all_called=True) as mock:
        route = mock.post(URL, json=body).respond(json=answer_to(body))
        created = connect().create(BUILT[name])
    assert route.call_count == 1
    request = route.calls.last.request
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == body
    for built, stored in zip(BUILT[name], created, strict=True):
        asked = [(place, concept.id, concept.value) for place, concept in built.each_concept()]
        assert [(place, concept.id, concept.value) for place, concept in stored.each_concept()] == asked
        assert stored.created_at is not None


def test_the_samples_are_all_used() -> None:
    assert {path.stem for path in SAMPLES.iterdir()} == set(BUILT)


def test_the_documented_cases_hold_both_polarities() -> None:
    """So that a mistake in one of the samples is not a mistake in the test."""
    said = {name: [c.value for a in annotations for _, c in a.each_concept()] for name, annotations in BUILT.items()}
    assert said["both_present"] == [1.0, 1.0]
    assert said["both_absent"] == [0.0, 0.0]
    assert said["present_and_absent"] == [1.0, 0.0]
    assert said["boxes"] == [1.0, 0.0, 1.0]
