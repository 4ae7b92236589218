"""What annotations say, counted: by concept and part, and where two of them contradict each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations.labels import _tally
from clarifai_http_annotations.labels._tally import Clash, Conflict, Count, Tally


def inside(concept: str, value: float) -> dict[str, Any]:
    return {"concepts": [{"id": concept, "value": value}]}


def whole(input_id: str, concept: str, value: float, id: str = "n") -> dict[str, Any]:
    return {"id": id, "input_id": input_id, "data": inside(concept, value)}


def part(input_id: str, concept: str, value: float, row: float = 0.5, id: str = "n") -> dict[str, Any]:
    region = {"region_info": {"point": {"row": row, "col": 0.5}}, "data": inside(concept, value)}
    return {"id": id, "input_id": input_id, "data": {"regions": [region]}}


def test_each_concept_is_counted_by_polarity_and_of_the_whole_or_a_part() -> None:
    with Tally() as tally:
        tally.add(whole("a", "dog", 1.0), "line 1")
        tally.add(whole("b", "dog", 0.0), "line 2")
        tally.add(part("a", "dog", 1.0), "line 3")
        tally.add(part("c", "cat", 0.0), "line 4")
        tally.add({"id": "n", "input_id": "d", "data": {**inside("cow", 0.7), "metadata": {}}}, "line 5")
        tally.add({"id": "n", "input_id": "d"}, "line 6")
        assert list(tally.conflicts()) == []
        assert tally.concepts == {
            "dog": Count(positives=1, negatives=1, parts=1),
            "cat": Count(absent_parts=1),
            "cow": Count(positives=1),
        }
        assert (tally.annotations, tally.inputs) == (6, 4)


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_the_same_annotation_twice_is_counted_once_as_repeated(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tally, "AT_ONCE", at_once)
    with Tally() as tally:
        for input_id, id in (("a", "n1"), ("a", "n2"), ("b", "n1"), ("a", "n1")):
            tally.add(whole(input_id, "dog", 1.0, id), "here")
        assert (tally.repeated, tally.inputs) == (1, 2)


@pytest.mark.parametrize(
    ("one", "other", "is_conflict"),
    [
        (whole("a", "dog", 1.0), whole("a", "dog", 0.0), True),
        (whole("a", "dog", 1.0), whole("b", "dog", 0.0), False),
        (whole("a", "dog", 1.0), whole("a", "cat", 0.0), False),
        (whole("a", "dog", 1.0), whole("a", "dog", 1.0), False),
        (part("a", "dog", 1.0, 0.1), part("a", "dog", 0.0, 0.10000000149011612), True),  # one place in 32 bits
        (part("a", "dog", 1.0, 0), part("a", "dog", 0.0, -0.0), True),
        (part("a", "dog", 1.0), whole("a", "dog", 0.0), True),
        (whole("a", "dog", 1.0), part("a", "dog", 0.0), False),
        (part("a", "dog", 1.0), part("a", "dog", 0.0), True),
        (part("a", "dog", 1.0), part("a", "dog", 0.0, row=0.25), False),
    ],
    ids=["whole", "other input", "other concept", "same", "one part in 32 bits", "one part at zero"]
    + ["part absent", "absent in part", "one part", "two parts"],
)
def test_both_polarities_of_one_thing_are_a_conflict_in_either_order(
    one: dict[str, Any], other: dict[str, Any], is_conflict: bool
) -> None:
    for first, second in ((one, other), (other, one)):
        with Tally() as tally:
            tally.add(first, "one" if first is one else "other")
            tally.add(second, "one" if second is one else "other")
            expected = [Conflict("a", "dog", "one", "other")] if is_conflict else []
            assert list(tally.conflicts()) == list(tally.conflicts()) == expected
            assert tally.concepts["dog"].conflicts == is_conflict


@given(
    said=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["dog", "cat"]), st.sampled_from([0.0, 1.0]))),
    at_once=st.integers(1, 5),
)
def test_conflicts_are_what_is_said_both_ways(said: list[tuple[str, str, float]], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch, Tally() as tally:
        patch.setattr(_tally, "AT_ONCE", at_once)
        for input_id, concept, value in said:
            tally.add(whole(input_id, concept, value), str(value))
        found = {(conflict.input_id, conflict.concept_id) for conflict in tally.conflicts()}
        both = {(i, c) for i, c, value in said if value} & {(i, c) for i, c, value in said if not value}
        assert found == both
        assert all((c.positive, c.negative) == ("1.0", "0.0") for c in tally.conflicts())


@given(
    said=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["n1", "n2", "made"]), st.sampled_from("xyz"))),
    at_once=st.integers(1, 5),
)
def test_an_id_with_two_contents_is_told_with_the_first_of_each_and_repeats_have_one_content(
    said: list[tuple[str, str, str]], at_once: int
) -> None:
    """An id that is ``made`` is that of the content."""
    with pytest.MonkeyPatch.context() as patch, Tally() as tally:
        patch.setattr(_tally, "AT_ONCE", at_once)
        contents: dict[tuple[str, str], dict[str, str]] = {}
        for number, (input_id, id, content) in enumerate(said):
            digest = f"digest of {content}"
            name = digest if id == "made" else id
            tally.add(whole(input_id, "dog", 1.0, name), f"line {number}", digest)
            contents.setdefault((input_id, name), {}).setdefault(content, f"line {number}")
        several = {key: [*places.values()] for key, places in contents.items() if len(places) > 1}
        assert list(tally.clashes()) == [
            Clash(input_id, name, places[0], places[-1]) for (input_id, name), places in several.items()
        ]
        assert tally.repeated == len(said) - sum(map(len, contents.values()))


def test_the_id_of_another_content_that_was_given_is_told_whichever_comes_first() -> None:
    made, given = whole("a", "dog", 1.0, "digest"), whole("a", "dog", 0.0, "digest")
    for first, second in ((made, given), (given, made)):
        with Tally() as tally:
            for annotation in (first, second):
                tally.add(annotation, str(annotation is made), "digest" if annotation is made else "another")
            assert list(tally.clashes()) == [Clash("a", "digest", str(first is made), str(second is made))]
