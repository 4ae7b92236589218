"""Names become ids of concepts by a rule that can be undone, or by a map; two of them never become one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reading_labels import read

from clarifai_http_annotations.labels import concept_id, concept_name, read_concept_map
from clarifai_http_annotations.labels._names import Names

# Letters that the rule is about are as likely as all the others together.
texts = st.text(st.sampled_from("_x-5fF20a é") | st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("zebra", "zebra"),
        ("polar bear", "polar_x20bear"),
        ("bow_(weapon)", "bow__x28weapon_x29"),
        ("a_b", "a_b"),
        ("a_20", "a_20"),
        ("a_x20", "a_x5fx20"),
        ("_x5f", "_x5fx5f"),
        ("Zürich", "Z_xc3_xbcrich"),
        ("犬", "_xe7_x8a_xac"),
        ("A-1", "A-1"),
        ("x_xFF", "x_xFF"),
    ],
)
def test_the_rule(name: str, id: str) -> None:
    assert concept_id(name) == id
    assert concept_name(id) == name


@given(texts)
@example("__xc3_xa9")
@example("_ é_x")
def test_an_id_leads_back_to_its_name(name: str) -> None:
    id = concept_id(name)
    assert concept_name(id) == name
    assert re.fullmatch("[A-Za-z0-9_-]*", id)


@given(texts, texts)
def test_two_names_never_share_an_id(one: str, other: str) -> None:
    assert (concept_id(one) == concept_id(other)) == (one == other)


@given(texts)
def test_an_id_that_the_rule_did_not_make_stays_as_it_is(id: str) -> None:
    assert concept_name(id) == id or concept_id(concept_name(id)) == id


@pytest.mark.parametrize("id", ["_xff", "_xc3", "x_x7a", "_xc3_x28"])
def test_an_id_that_no_name_has_is_its_own_name(id: str) -> None:
    assert concept_name(id) == id


# --- maps ---------------------------------------------------------------------------------------------


def test_a_map_goes_before_the_rule() -> None:
    names = Names({"polar bear": "bear-1"})
    assert [names.id_of(name) for name in ("polar bear", "polar bear", "brown bear")] == [
        "bear-1",
        "bear-1",
        "brown_x20bear",
    ]


@pytest.mark.parametrize(
    ("map", "first", "second", "id"),
    [
        ({"cat": "feline", "lion": "feline"}, "cat", "lion", "feline"),
        ({"cat": "dog"}, "cat", "dog", "dog"),
        ({"cat": "polar_x20bear"}, "polar bear", "cat", "polar_x20bear"),
    ],
)
def test_two_names_that_a_map_makes_one_id_are_refused_in_either_order(
    map: dict[str, str], first: str, second: str, id: str
) -> None:
    for one, other in ((first, second), (second, first)):
        names = Names(map)
        assert names.id_of(one) == id
        with pytest.raises(ValueError, match=f"'{one}' and '{other}' would both be the concept '{id}': give one"):
            names.id_of(other)


def test_names_that_collide_are_a_problem_of_the_row_also_in_another_file(tmp_path: Path) -> None:
    rows = "image,label,value\na,dog,1\nb,cat,0\nc,dog,0\n"
    found = read(tmp_path, rows, concept_map={"cat": "dog"})
    assert found.polarities == [("a", "dog", 1.0), ("c", "dog", 0.0)]
    assert found.problems[0].startswith("labels, line 3: the names 'dog' and 'cat' would both be the concept 'dog'")


@pytest.mark.parametrize(
    "content",
    [
        "cat,c1\npolar bear,c2\nbow, weapon,c3\n",
        "\ufeffcat\tc1\r\n\r\npolar bear\tc2\r\nbow, weapon\tc3\r\n",
        'cat,c1\npolar bear,c2\n"bow, weapon",c3\ncat,c1\n',
        ' {"cat": "c1", "polar bear": "c2", "bow, weapon": "c3"}',
    ],
    ids=["commas", "tabs", "quotes", "json"],
)
def test_a_map_is_lines_or_an_object(content: str, tmp_path: Path) -> None:
    path = tmp_path / "map"
    path.write_bytes(content.encode())
    assert read_concept_map(path) == {"cat": "c1", "polar bear": "c2", "bow, weapon": "c3"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("cat,c1\ndog\n", "line 2 is not name,id: 'dog'"),
        ("cat,\n", "line 1 is not name,id: 'cat,'"),
        (",c1\n", "line 1 is not name,id"),
        ("x" * 200_000, "line 1 is not name,id: 'xxx"),
        ("cat,c1\ndog,c2\ncat,c3\n", "line 3 gives 'cat' a second id"),
        ('{"cat": "c1", "dog": "c2", "cat": "c3"}', "it gives 'cat' a second id"),
        ('{"cat": 1}', "the id of 'cat' must be a text, and not empty: 1"),
        ('{"cat": " "}', "the id of 'cat' must be a text, and not empty: ' '"),
        ('{"cat": {"id": "c1"}}', "the id of 'cat' must be a text"),
        ('{"cat": ', "Expecting value"),
    ],
)
def test_a_map_that_is_none_is_refused_with_its_line(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "map"
    path.write_text(content)
    with pytest.raises(ValueError, match=says):
        read_concept_map(path)
