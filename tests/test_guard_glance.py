"""What the guard sees at a glance is what its walk sees."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from clarifai_http_annotations import InvalidRequestError
from clarifai_http_annotations._wire import guard

PLAIN = {"id": "a", "input_id": "in", "data": {"concepts": [{"id": "x", "value": 1.0}, {"id": "y", "value": -0.0}]}}

NEARLY_PLAIN: list[Any] = [
    {**PLAIN, "data": {"concepts": [{"id": "x"}]}},
    {**PLAIN, "data": {"concepts": [{"id": "x", "value": 0.5}]}},
    {**PLAIN, "data": {"concepts": [{"id": "x", "value": True}]}},
    {**PLAIN, "data": {"concepts": [{"id": "x", "value": float("nan")}]}},
    {**PLAIN, "data": {"concepts": ({"id": "x"},)}},
    {**PLAIN, "data": {"concepts": {"value": 1.0}}},
    {**PLAIN, "data": {"concepts": [{"id": "x", "value": 1.0}], "regions": [{"data": {"concepts": [{"id": "y"}]}}]}},
    {**PLAIN, "id": {"concepts": [{"id": "x"}]}},
    {**PLAIN, "input_id": [{"concepts": [{"id": "x"}]}]},
    {"input_id": "in", "data": PLAIN["data"], "more": {"concepts": [{"id": "x"}]}},
    {**PLAIN, "more": {"concepts": [{"id": "x"}]}},
    3,
]


@pytest.mark.parametrize("last", [PLAIN, *NEARLY_PLAIN], ids=range(len(NEARLY_PLAIN) + 1))
@pytest.mark.parametrize("beside", [{}, {"concepts": [{"id": "x"}]}], ids=["alone", "beside a concept"])
def test_what_is_seen_at_a_glance_is_what_the_walk_sees(
    last: Any, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> str:
        tree = {"annotations": [copy.deepcopy(PLAIN), copy.deepcopy(last)], **copy.deepcopy(beside)}
        try:
            guard.guard(tree)
        except InvalidRequestError as error:
            return repr(error)
        return repr(tree)

    glance = outcome()
    monkeypatch.setattr(guard, "_is_plain", lambda tree: False)
    assert glance == outcome()


def test_a_plain_request_is_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "find_concepts", None)
    tree = {"annotations": [copy.deepcopy(PLAIN)]}
    guard.guard(tree)
    assert "-0.0" not in repr(tree)
