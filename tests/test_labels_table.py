"""CSV and TSV: what the columns are is said, and a row whose polarity could be either is refused with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reading_labels import read, refusal

from clarifai_http_annotations.labels import LabelError, Threshold, read_labels
from clarifai_http_annotations.labels._label import Reading
from clarifai_http_annotations.labels._read import read_sources
from clarifai_http_annotations.labels._source import Source
from clarifai_http_annotations.labels._table import delimiter_of

ROWS = "image,label,present\na.jpg,dog,1\nb.jpg,cat,0\n"
HEAD = "input_id,concept_id,value,top,left,bottom,right\n"


def test_a_row_is_an_annotation_with_its_polarity_and_its_place(tmp_path: Path) -> None:
    found = read(tmp_path, ROWS)
    assert found.annotations == [
        {"input_id": "a.jpg", "data": {"concepts": [{"id": "dog", "value": 1.0}]}},
        {"input_id": "b.jpg", "data": {"concepts": [{"id": "cat", "value": 0.0}]}},
    ]
    assert found.places == ["labels, line 2", "labels, line 3"]
    assert found.problems == []


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
def test_what_stands_between_columns_is_told_from_the_first_line(delimiter: str, tmp_path: Path) -> None:
    assert delimiter_of(delimiter.join("abc")) == delimiter
    assert read(tmp_path, ROWS.replace(",", delimiter)).polarities == [("a.jpg", "dog", 1.0), ("b.jpg", "cat", 0.0)]


def test_tsv_has_tabs_whatever_else_is_in_its_first_line(tmp_path: Path) -> None:
    rows = "image\tlabel\tpresent\ta,b,c,d,e\nx\tdog\t0\t\n"
    assert read(tmp_path, rows, format="tsv").polarities == [("x", "dog", 0.0)]


@pytest.mark.parametrize(
    ("word", "value"),
    [(word, 1.0) for word in ("1", "1.0", "1.00", "1.", "TRUE", "Yes", " y ", "positive", "Pos", "present", "t")]
    + [(word, 0.0) for word in ("0", "0.0", "0.000", "0.", "False", "NO", "n", "negative", "neg", "Absent", "f")],
)
def test_a_polarity_may_be_written_in_the_usual_ways(word: str, value: float, tmp_path: Path) -> None:
    assert read(tmp_path, f"image,label,value\na,dog,{word}\n").polarities == [("a", "dog", value)]


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("-1", "-1 is no polarity: it could be a negative, or that nobody looked. Write 0 if it is absent"),
        ("2", "2 is no polarity: write 1 or 0, true or false"),
        ("nan", "nan is no polarity"),
        ("inf", "inf is no polarity"),
        ("maybe", "'maybe' is no polarity: write 1 or 0"),
        ("0.7", "0.7 is a probability and no polarity: say --threshold LOW:HIGH (threshold=)"),
        ("", "concept 'dog' has no value. HTTP would store it as positive (1.0), gRPC as negative (0.0): write it, or"),
    ],
)
def test_what_is_no_polarity_is_a_problem_of_its_row_and_the_others_are_read(
    word: str, says: str, tmp_path: Path
) -> None:
    found = read(tmp_path, f"image,label,value\na,dog,1\nb,dog,{word}\nc,dog,0\n")
    assert found.polarities == [("a", "dog", 1.0), ("c", "dog", 0.0)]
    [problem] = found.problems
    assert problem.startswith(f"labels, line 3: {says}")


def test_without_somebody_who_takes_problems_the_first_is_raised(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("image,label,value\na,dog,1\nb,dog,x\n")
    labels = read_labels(path)
    assert next(labels).place == f"{path}, line 2"
    with pytest.raises(LabelError, match=r"labels, line 3: 'x' is no polarity") as raised:
        next(labels)
    assert raised.value.problem is not None
    assert raised.value.problem.place == f"{path}, line 3"


# --- missing polarities and probabilities -----------------------------------------------------------


@pytest.mark.parametrize(("policy", "value"), [("positive", 1.0), ("negative", 0.0)])
@pytest.mark.parametrize(
    "content", ["image,label\na,dog\n", "image,label,value\na,dog,\n", "image,label,value\na,dog, \n"]
)
def test_a_missing_polarity_is_what_the_caller_says(policy: str, value: float, content: str, tmp_path: Path) -> None:
    assert read(tmp_path, content, missing_value=policy).polarities == [("a", "dog", value)]


def test_a_table_without_a_polarity_is_refused_and_shown(tmp_path: Path) -> None:
    said = refusal(tmp_path, "image,label\na,dog\nb,cat\nc,cow\nd,hen\n")
    assert said.startswith(
        "labels: no column says whether a concept is present or absent. Say --missing-value positive"
    )
    assert said.endswith("The first rows are:\n    image, label\n    a, dog\n    b, cat\n    c, cow")


def test_a_missing_polarity_is_named_by_the_id_of_the_concept_if_there_is_one(tmp_path: Path) -> None:
    assert "line 2: concept 'dog' has no value" in refusal(tmp_path, "image,concept_id,value\na,dog,\n")


@pytest.mark.parametrize("name", ["probability", "prob", "confidence", "Score"])
def test_a_probability_without_a_threshold_is_refused_and_shown(name: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, f"image,label,{name}\na,dog,0.9\nb,cat,1\n", missing_value="positive")
    assert f"the column {name!r} could be a probability or a polarity. Say --threshold LOW:HIGH" in said
    assert f"or --column value={name} if 1 is present and 0 is absent" in said
    assert said.endswith(f"    image, label, {name}\n    a, dog, 0.9\n    b, cat, 1")


def test_a_column_that_is_named_as_the_polarity_is_one(tmp_path: Path) -> None:
    found = read(tmp_path, "image,label,score\na,dog,1\nb,cat,0\nc,cow,0.5\n", columns={"value": "score"})
    assert found.polarities == [("a", "dog", 1.0), ("b", "cat", 0.0)]
    assert found.problems[0].startswith("labels, line 4: 0.5 is a probability")


def test_a_threshold_has_two_sides_and_leaves_out_what_is_between(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("image,label,score\n" + "".join(f"i{n},dog,{n / 10}\n" for n in range(11)))
    reading = Reading(threshold=Threshold(0.2, 0.8))
    labels = [label.annotation for label in read_sources([Source(path)], reading)]
    said = {label["input_id"]: label["data"]["concepts"][0]["value"] for label in labels}
    assert said == {"i0": 0.0, "i1": 0.0, "i2": 0.0, "i8": 1.0, "i9": 1.0, "i10": 1.0}
    assert reading.between == 5


def test_a_threshold_of_one_number_takes_it_as_positive_and_all_below_as_negative(tmp_path: Path) -> None:
    content = "image,label,score\na,dog,0.5\nb,dog,0.499\nc,dog,1\nd,dog,0\n"
    found = read(tmp_path, content, threshold=(0.5, 0.5))
    assert [value for _, _, value in found.polarities] == [1.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.5", "say both sides: 0.5:0.5 takes less than 0.5 as negative and the rest as positive"),
        ("low:high", "'low:high' is not two numbers, such as 0.2:0.8"),
        ("0.8:0.2", "0.8:0.2 is not two numbers between 0 and 1, the lower one first"),
        ("0.2:1.5", "between 0 and 1"),
        ("nan:0.5", "between 0 and 1"),
        ("0:0", "above 0"),
    ],
)
def test_a_threshold_that_could_turn_a_polarity_round_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Threshold.parse(text)


def test_a_threshold_is_checked_however_it_is_given(tmp_path: Path) -> None:
    assert Threshold.parse("0.2:0.8") == (0.2, 0.8)
    for given in ((0.8, 0.2), Threshold(0.8, 0.2)):
        with pytest.raises(ValueError, match="the lower one first"):
            read(tmp_path, ROWS, threshold=given)


# --- columns ------------------------------------------------------------------------------------------


def test_what_the_columns_are_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("Image ID, Class-Name ,is_present\na,dog,1\n")
    told: list[str] = []
    list(read_sources([Source(path, "mine.csv")], Reading(on_notice=told.append)))
    assert told == ["mine.csv: columns input = 'Image ID', concept = 'Class-Name', value = 'is_present'"]


@pytest.mark.parametrize("policy", ["error", "positive"])
def test_two_columns_that_could_be_the_concept_are_refused_and_shown(policy: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, "image,label,class,value\na,dog,animal,1\n", missing_value=policy)
    assert "the columns 'label' and 'class' could each be the concept: say which, --column concept=NAME" in said
    assert said.endswith("    image, label, class, value\n    a, dog, animal, 1")


def test_two_columns_that_could_be_the_polarity_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "image,label,present,positive\na,dog,1,0\n")
    assert "the columns 'present' and 'positive' could each be the value" in said


def test_the_caller_says_which_of_two_columns_it_is(tmp_path: Path) -> None:
    content = "image,label,class,value\na,dog,animal,1\n"
    assert read(tmp_path, content, columns={"concept": "class"}).polarities == [("a", "animal", 1.0)]


def test_a_column_that_the_caller_takes_for_one_thing_is_not_another_one(tmp_path: Path) -> None:
    content = "label,image,value\nx,dog,0\n"
    found = read(tmp_path, content, columns={"input": "label", "concept": "image"})
    assert found.polarities == [("x", "dog", 0.0)]


@pytest.mark.parametrize(
    ("content", "columns", "says"),
    [
        ("a.jpg,dog,1\nb.jpg,cat,0\n", {}, "no column is the input. A row is one input and one concept"),
        ("image,value\na,1\n", {}, "no column is the concept. A row is one input and one concept"),
        (ROWS, {"concept": "species"}, "there is no column 'species' for the concept. The first rows are:\n    image"),
        ("image,label,value,top,left\na,dog,1,0,0\n", {}, "has edges of a box, but no bottom, right"),
        ('""\n', {}, "no column is the input"),
    ],
    ids=["no header", "no concept", "no such column", "half a box", "an empty name"],
)
def test_a_table_whose_columns_cannot_be_told_is_refused(
    content: str, columns: dict[str, str], says: str, tmp_path: Path
) -> None:
    assert says in refusal(tmp_path, content, columns=columns)


def test_rows_that_are_shown_are_cut(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, f"a,b\n{'x' * 50_000},1\n")) < 700


def test_an_id_of_a_concept_goes_before_its_name_and_is_taken_as_it_is(tmp_path: Path) -> None:
    found = read(tmp_path, "image,concept_id,concept,value\na,c 1,dog,0\nb,,dog,1\n")
    assert found.polarities == [("a", "c 1", 0.0)]
    assert found.problems == ["labels, line 3: the concept is empty"]


# --- rows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,dog", "the row has 2 fields, and the first line has 3"),
        ("a,dog,1,x", "the row has 4 fields, and the first line has 3"),
        (",dog,1", "the input is empty"),
        ("a, ,1", "the name of the concept is empty"),
        (",,", "concept '' has no value"),
    ],
)
def test_a_row_that_is_ragged_or_empty_is_a_problem_with_its_place(row: str, says: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"image,label,value\n{row}\nz,cat,0\n")
    assert found.polarities == [("z", "cat", 0.0)]
    assert found.problems[0].startswith(f"labels, line 2: {says}")


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, "\n  \nimage,label,value\n\na,dog,1\n \nb,dog,0\n\n")
    assert found.places == ["labels, line 5", "labels, line 7"]
    assert found.problems == []


def test_the_place_of_a_row_is_its_first_line(tmp_path: Path) -> None:
    found = read(tmp_path, 'image,label,value\n"a\nb",dog,1\nc,dog,0\n"d\n",dog,?\n')
    assert found.polarities == [("a\nb", "dog", 1.0), ("c", "dog", 0.0)]
    assert found.places == ["labels, line 2", "labels, line 4"]
    assert found.problems[0].startswith("labels, line 5: '?' is no polarity")


@pytest.mark.parametrize(
    ("content", "place", "says"),
    [
        ('image,label,value\na,dog,1\nb,"dog,0\nc,dog,1\n', 3, "unexpected end of data. Is a quote missing"),
        ('image,label,value\na,dog,1\nb,"dog"x,0\n', 3, "expected after '\"'. Is a quote missing, or one too many"),
        ("image,label,value\na,dog,1\nb,d\rog,0\n", 3, "a line ends as on an old Mac"),
        ('image,label,value\na,dog,1\nb,"' + "x\n" * 100_000, 3, "field larger than field limit"),
        ('image,"label,value\na,dog,1\n', 1, "Is a quote missing"),
        ("image,label,value\ra,dog,1\r", 1, "a line ends as on an old Mac"),
    ],
    ids=["unclosed", "too many", "old Mac", "swallows the file", "in the header", "all old Mac"],
)
def test_where_the_table_ends_being_one_is_said_and_what_came_before_is_read(
    content: str, place: int, says: str, tmp_path: Path
) -> None:
    found = read(tmp_path, content)
    assert found.polarities == [("a", "dog", 1.0)] * (place > 1)
    [problem] = found.problems
    assert problem.startswith(f"labels, line {place}: ")
    assert says in problem


def test_rows_beside_one_another_with_one_annotation_id_are_one_annotation(tmp_path: Path) -> None:
    rows = ["x,a1,dog,1", "x,a1,cat,0", "x,a2,cat,0", "y,a2,cat,1", "y,,dog,1", "y,,cow,0"]
    found = read(tmp_path, "\n".join(["input_id,annotation_id,concept_id,value", *rows]))
    assert [(a.get("id"), a["input_id"], len(a["data"]["concepts"])) for a in found.annotations] == [
        ("a1", "x", 2),
        ("a2", "x", 1),
        ("a2", "y", 1),
        (None, "y", 1),
        (None, "y", 1),
    ]
    assert found.places == [f"labels, line {line}" for line in (2, 4, 5, 6, 7)]
    assert [value for _, _, value in found.polarities] == [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]


def test_an_annotation_that_says_both_of_a_concept_is_a_problem_that_names_both_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "input_id,annotation_id,concept_id,value\nx,a1,dog,1\nx,a1,dog,1\nx,a1,dog,0\nx,a1,cat,0\n")
    assert [value for _, _, value in found.polarities] == [1.0, 1.0, 0.0]
    assert found.problems == [
        (
            "labels, line 4: concept 'dog' is both present and absent in annotation 'a1', which begins in labels, "
            "line 2: take one of the two out"
        )
    ]


def test_rows_between_the_sides_of_a_threshold_do_not_part_an_annotation(tmp_path: Path) -> None:
    rows = "input_id,annotation_id,concept_id,score\nx,a1,dog,0.9\nx,a1,cow,0.5\nx,a1,cat,0.1\n"
    found = read(tmp_path, rows, threshold=(0.2, 0.8))
    assert len(found.annotations) == 1
    assert found.polarities == [("x", "dog", 1.0), ("x", "cat", 0.0)]


def test_a_table_of_annotation_ids_may_be_empty(tmp_path: Path) -> None:
    assert read(tmp_path, "input_id,annotation_id,concept_id,value\n") == ([], [], [])


# --- boxes --------------------------------------------------------------------------------------------


def test_a_box_is_a_region_and_a_row_without_edges_is_of_the_whole_input(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + "a,dog,1,0,0.25,0.5,1\na,cat,0,,,,\n")
    box = {"top_row": 0.0, "left_col": 0.25, "bottom_row": 0.5, "right_col": 1.0}
    inside = {"concepts": [{"id": "dog", "value": 1.0}]}
    assert found.annotations == [
        {"input_id": "a", "data": {"regions": [{"region_info": {"bounding_box": box}, "data": inside}]}},
        {"input_id": "a", "data": {"concepts": [{"id": "cat", "value": 0.0}]}},
    ]


def test_rows_of_one_id_are_one_annotation_only_in_one_box(tmp_path: Path) -> None:
    head = HEAD.replace("value", "annotation_id,value")
    rows = ["a,dog,b1,1,0,0,0.5,0.5", "a,cat,b1,0,0,0,0.5,0.5", "a,cow,b1,1,0,0,1,1"]
    found = read(tmp_path, head + "\n".join(rows))
    assert [len(a["data"]["regions"][0]["data"]["concepts"]) for a in found.annotations] == [2, 1]


@pytest.mark.parametrize(
    ("edges", "says"),
    [
        ("10,20,110,220", "is not within 0 and 1: pixels have to be divided"),
        ("0,0,0.5,1.5", "the box 0, 0, 0.5, 1.5 (top, left, bottom, right) is not within 0 and 1"),
        ("0,0,,1", "the box 0, 0, , 1 (top, left, bottom, right) is not four numbers"),
        ("0,0,x,1", "is not four numbers"),
        ("0.5,0,0.5,1", "has no area: its edges are numbers from 0 to 1, top before bottom, left before right"),
        ("0,0.6,0.5,0.5", "has no area"),
        ("-0.1,0,0.5,1", "has no area"),
        ("nan,0,0.5,1", "has no area"),
    ],
)
def test_a_box_that_is_none_is_a_problem_of_its_row(edges: str, says: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEAD}a,dog,1,{edges}\nb,cat,0,0,0,1,1\n")
    assert found.polarities == [("b", "cat", 0.0)]
    [problem] = found.problems
    assert problem.startswith("labels, line 2: ")
    assert says in problem


# --- inputs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "input_id"),
    [
        ("id", "photos/a.b.jpg", "photos/a.b.jpg"),
        ("file", "photos/a.b.jpg", "a.b.jpg"),
        ("stem", "photos/a.b.jpg", "a.b"),
        ("stem", "C:\\photos\\a.jpg", "a"),
        ("stem", ".hidden", ".hidden"),
        ("stem", "plain", "plain"),
    ],
)
def test_the_input_is_the_name_the_file_or_its_stem(kind: Any, name: str, input_id: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"image,label,value\n{name},dog,1\n", input_id=kind).polarities == [(input_id, "dog", 1.0)]


def test_two_files_that_would_be_one_input_are_refused(tmp_path: Path) -> None:
    found = read(tmp_path, "image,label,value\na/1.jpg,dog,1\nb/1.jpg,dog,0\na/1.jpg,cat,0\n", input_id="stem")
    assert found.polarities == [("1", "dog", 1.0), ("1", "cat", 0.0)]
    assert found.problems == [
        (
            "labels, line 3: 'a/1.jpg' and 'b/1.jpg' would both be the input '1': take more of the name, with "
            "--input-id file or id (input_id=)"
        )
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("format", "xml"), ("missing_value", "maybe"), ("input_id", "path"), ("shape", "mask")]
)
def test_a_setting_that_there_is_not_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be one of .*, not '{value}'\."):
        read(tmp_path, ROWS, **{name: value})
