"""Open Images: what people verified, present and absent, boxes, and the names of the codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading_labels import read, refusal

from clarifai_http_annotations.labels import read_classes

HUMAN = "ImageID,Source,LabelName,Confidence\n"
BOXES = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
    "000a1249af2bc5f0,xclick,/m/03bt1vf,1,0.2,0.6,0.25,0.75,0,1,0,0,0\n"
)
LABELS = f"{HUMAN}000a1249af2bc5f0,verification,/m/011k07,1\n000a1249af2bc5f0,crowdsource-verification,/m/03bt1vf,0\n"
CLASSES = {"/m/011k07": "Tortoise", "/m/03bt1vf": "Woman"}


@pytest.mark.parametrize("format", [None, "open-images"])
def test_what_a_person_verified_is_present_or_absent(format: str | None, tmp_path: Path) -> None:
    found = read(tmp_path, LABELS, classes=CLASSES, format=format)
    assert found.polarities == [("000a1249af2bc5f0", "Tortoise", 1.0), ("000a1249af2bc5f0", "Woman", 0.0)]
    assert found.places == ["labels, line 2", "labels, line 3"]
    assert found.problems == []


def test_a_code_without_a_description_is_the_name(tmp_path: Path) -> None:
    assert read(tmp_path, LABELS).polarities[0] == ("000a1249af2bc5f0", "_x2fm_x2f011k07", 1.0)


def test_a_box_has_its_edges_by_name(tmp_path: Path) -> None:
    [annotation] = read(tmp_path, BOXES, classes=CLASSES).annotations
    [region] = annotation["data"]["regions"]
    assert region["region_info"]["bounding_box"] == {
        "top_row": 0.25,
        "left_col": 0.2,
        "bottom_row": 0.75,
        "right_col": 0.6,
    }
    assert region["data"] == {"concepts": [{"id": "Woman", "value": 1.0}]}


def test_what_a_machine_said_needs_a_threshold(tmp_path: Path) -> None:
    content = (
        f"{HUMAN}a,machine,/m/011k07,0.9\nb,machine,/m/011k07,0.1\nc,machine,/m/011k07,0.5\nd,verification,/m/1,0\n"
    )
    found = read(tmp_path, content)
    assert found.polarities == [("d", "_x2fm_x2f1", 0.0)]
    assert [problem.partition(": say")[0] for problem in found.problems] == [
        f"labels, line {line}: {number} is a probability and no polarity"
        for line, number in ((2, 0.9), (3, 0.1), (4, 0.5))
    ]
    found = read(tmp_path, content, threshold=(0.2, 0.8))
    assert [value for _, _, value in found.polarities] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(("policy", "value"), [("positive", 1.0), ("negative", 0.0)])
def test_an_empty_confidence_is_what_the_caller_says(policy: str, value: float, tmp_path: Path) -> None:
    content = f"{HUMAN}a,verification,/m/1,\n"
    assert "line 2: concept '/m/1' has no value" in refusal(tmp_path, content)
    assert read(tmp_path, content, missing_value=policy).polarities == [("a", "_x2fm_x2f1", value)]


def test_a_column_may_be_named_otherwise_by_the_caller(tmp_path: Path) -> None:
    content = "ImageID,LabelName,Confidence,Checked\na,dog,0.9,0\n"
    assert read(tmp_path, content, columns={"value": "Checked"}).polarities == [("a", "dog", 0.0)]


def test_spaces_around_the_names_of_columns_do_not_matter(tmp_path: Path) -> None:
    content = LABELS.replace(",", ", ")
    for format in (None, "open-images"):
        assert [value for _, _, value in read(tmp_path, content, format=format).polarities] == [1.0, 0.0]


def test_another_table_is_not_read_as_one_of_open_images(tmp_path: Path) -> None:
    assert refusal(tmp_path, "image,label,value\na,dog,1\n", format="open-images") == (
        "labels: a file of Open Images has ImageID, LabelName and Confidence, and this one image, label, value: leave "
        "--format (format=) out, and the format is told from the content"
    )


@pytest.mark.parametrize("format", [None, "csv"])
def test_a_header_that_csv_cannot_have_is_refused_with_its_line(format: str | None, tmp_path: Path) -> None:
    assert "labels, line 1: a line ends as on an old Mac" in refusal(tmp_path, "ImageID\r,LabelName", format=format)


# --- class descriptions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "/m/011k07,Tortoise\n/m/03bt1vf,Woman\n",
        "\ufeffLabelName,DisplayName\r\n/m/011k07,Tortoise\r\n\r\n/m/03bt1vf,Woman\r\n/m/03bt1vf,Woman\r\n",
    ],
)
def test_class_descriptions_are_read_with_or_without_a_header(content: str, tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_bytes(content.encode())
    assert read_classes(path) == CLASSES


def test_a_name_in_quotes_may_have_a_comma(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text('/m/1,"Bow, weapon"\n')
    assert read_classes(path) == {"/m/1": "Bow, weapon"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("/m/1,Bow, weapon\n", "line 1 is not a code and a name: '/m/1,Bow, weapon'"),
        ("/m/1,Bow\n/m/1,Arrow\n", "line 2 gives '/m/1' a second name beside 'Bow'"),
        ("/m/1\n", "line 1 is not a code and a name"),
        ("x" * 200_000, "line 1 is not a code and a name: field larger than field limit"),
    ],
)
def test_a_description_that_is_none_is_refused_with_its_line(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=says):
        read_classes(path)


def test_two_codes_that_are_called_the_same_are_refused(tmp_path: Path) -> None:
    content = f"{HUMAN}a,verification,/m/1,1\na,verification,/m/2,0\na,verification,/m/1,1\n"
    found = read(tmp_path, content, classes={"/m/1": "Bull", "/m/2": "Bull"})
    assert found.polarities == [("a", "Bull", 1.0)] * 2
    assert found.problems == [
        (
            "labels, line 3: '/m/1' and '/m/2' are both called 'Bull': give one of them another name in the file of "
            "class descriptions"
        )
    ]
