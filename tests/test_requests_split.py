"""A list of ids that is too long for a URL becomes several requests, and every id is asked for once."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, InvalidRequestError, positive
from clarifai_http_annotations._wire import requests
from clarifai_http_annotations._wire.requests import App
from clarifai_http_annotations.testing import Emulator

LONGEST = 4200
"""Characters of path and query; common servers stop at 8,000."""

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip)
pairs = st.lists(st.tuples(names, names), min_size=1, max_size=300, unique=True)


def paths(filters: dict[str, Any], per_page: int = 1000) -> list[str]:
    parts = requests.listing(filters, page=1, per_page=per_page)
    return [requests.page(App("me", "app"), part, page=1, per_page=per_page).path for part in parts]


def asked(path: str, name: str) -> list[str]:
    return parse_qs(path.partition("?")[2], strict_parsing=True).get(name, [])


@given(pairs)
def test_pairs_stay_pairs_in_their_order_and_each_is_asked_for_once(wanted: list[tuple[str, str]]) -> None:
    sent = paths({"ids": [id for id, _ in wanted], "input_ids": [input_id for _, input_id in wanted]})
    found = [pair for path in sent for pair in zip(asked(path, "ids"), asked(path, "input_ids"), strict=True)]
    assert found == wanted
    assert all(len(path) < LONGEST for path in sent)


@given(st.lists(names, min_size=1, max_size=600, unique=True), st.lists(names, max_size=3))
def test_inputs_are_each_asked_for_once_and_the_other_filters_go_along(inputs: list[str], users: list[str]) -> None:
    sent = paths({"input_ids": inputs, "user_ids": users or None, "task_id": None, "list_all_annotations": True})
    assert [input_id for path in sent for input_id in asked(path, "input_ids")] == inputs
    assert all(asked(path, "user_ids") == users for path in sent)
    assert all(asked(path, "list_all_annotations") == ["true"] for path in sent)
    assert all(len(path) < LONGEST for path in sent)


@pytest.mark.parametrize(("count", "requests_sent"), [(1, 1), (80, 1), (400, 5)])
def test_no_more_requests_are_sent_than_the_length_asks_for(count: int, requests_sent: int) -> None:
    assert len(paths({"input_ids": [f"{number:032x}" for number in range(count)]})) == requests_sent


def test_an_id_that_is_too_long_by_itself_is_asked_for_alone() -> None:
    sent = paths({"input_ids": ["a", "b" * 5000, "c"]})
    assert [asked(path, "input_ids") for path in sent] == [["a"], ["b" * 5000], ["c"]]


@pytest.mark.parametrize("name", ["user_ids", "model_version_ids", "workflow_version_ids"])
def test_other_ids_that_are_too_long_for_a_url_are_refused_and_named(name: str) -> None:
    with pytest.raises(InvalidRequestError, match=name):
        paths({name: [f"{number:032x}" for number in range(400)]})


def test_what_was_stored_for_many_inputs_is_listed_once_each(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    created = client.create([Annotation.of(f"{number:032x}", positive("tree")) for number in range(120)])
    listed = client.list(input_ids=[annotation.input_id for annotation in created], per_page=7)
    assert sorted(annotation.id for annotation in listed) == sorted(annotation.id for annotation in created)
    found = client.list(ids=[a.id for a in created], input_ids=[a.input_id for a in created])
    assert sorted(annotation.id for annotation in found) == sorted(annotation.id for annotation in created)


@pytest.mark.parametrize("times", [2, 1000])
def test_an_input_that_is_named_twice_is_listed_once(connect: Any, emulator: Emulator, times: int) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in-1", positive("tree")))
    assert len(list(client.list(input_ids=["in-1"] * times))) == 1


@pytest.mark.parametrize("times", [2, 1000])
def test_a_pair_that_is_named_twice_is_listed_once(connect: Any, emulator: Emulator, times: int) -> None:
    client = connect(emulator)
    [stored] = client.create(Annotation.of("in-1", positive("tree")))
    assert len(list(client.list(ids=[stored.id] * times, input_ids=["in-1"] * times))) == 1


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"ids": ["a"]}, "1 and no input_ids"),
        ({"ids": ["a", "b"], "input_ids": ["c"]}, "2 and 1 input_ids"),
        ({"ids": ["a"], "input_ids": []}, "1 and 0 input_ids"),
        ({"ids": [], "input_ids": ["a"]}, "0 and 1 input_ids"),
    ],
)
def test_ids_without_an_input_each_are_refused(connect: Any, emulator: Emulator, filters: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"pairs, of the same length and order: {said}"):
        list(connect(emulator).list(**filters))
    assert emulator.requests == []


def test_a_page_cannot_be_told_of_a_list_that_was_split(connect: Any, emulator: Emulator) -> None:
    with pytest.raises(InvalidRequestError, match="page=2 cannot be told"):
        list(connect(emulator).list(input_ids=[f"{number:032x}" for number in range(200)], page=2))
    assert emulator.requests == []
