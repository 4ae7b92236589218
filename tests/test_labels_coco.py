"""COCO and LVIS: boxes and polygons, what a person found absent, and what the file contradicts itself in."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from reading_labels import read, read_path, refusal

from clarifai_http_annotations.labels import _pieces

SAMPLE = Path(__file__).parents[1] / "examples" / "lvis_sample.json"

CATEGORIES = [{"id": 1, "name": "dog"}, {"id": 2, "name": "polar bear"}, {"id": 3, "name": "cat"}]
IMAGE = {"id": 7, "file_name": "train/0007.jpg", "width": 200, "height": 100}
OBJECT = {"id": 70, "image_id": 7, "category_id": 2, "bbox": [20, 10, 100, 50]}
BOX = {"top_row": 0.1, "left_col": 0.1, "bottom_row": 0.6, "right_col": 0.6}


def coco(
    images: list[Any] | None = None, objects: list[Any] | None = None, categories: list[Any] | None = None
) -> dict[str, Any]:
    return {
        "info": {"description": "a file"},
        "images": [IMAGE] if images is None else images,
        "annotations": [OBJECT] if objects is None else objects,
        "categories": CATEGORIES if categories is None else categories,
    }


def text(**parts: list[Any]) -> str:
    return json.dumps(coco(**parts))


def test_an_object_is_a_box_that_is_positive_for_its_category(tmp_path: Path) -> None:
    found = read(tmp_path, text())
    inside = {"concepts": [{"id": "polar_x20bear", "value": 1.0}]}
    assert found.annotations == [
        {"input_id": "7", "data": {"regions": [{"region_info": {"bounding_box": BOX}, "data": inside}]}}
    ]
    assert found.places == ["labels, annotations[0] (id 70)"]
    assert found.problems == []


def test_an_object_may_have_no_id(tmp_path: Path) -> None:
    found = read(tmp_path, text(objects=[{**OBJECT, "id": None}, {k: v for k, v in OBJECT.items() if k != "id"}]))
    assert found.places == ["labels, annotations[0] (id None)", "labels, annotations[1]"]


def test_the_sample_of_lvis_has_what_its_photographs_show_and_do_not() -> None:
    found = read_path(SAMPLE)
    assert found.problems == []
    kinds = Counter(
        "box" if "regions" in annotation["data"] else concept["value"]
        for annotation in found.annotations
        for concept in annotation["data"].get("concepts", [None])
    )
    assert kinds == {"box": 5, 1.0: 4, 0.0: 7}
    assert [(i, c) for i, c, value in found.polarities if value == 0.0 and i == "101"] == [
        ("101", "cat"),
        ("101", "bow__x28weapon_x29"),
    ]
    assert found.places[-1] == "labels, images[2] (id 103)"


@pytest.mark.parametrize("order", [("categories", "annotations", "images"), ("annotations", "images", "categories")])
def test_the_lists_may_be_in_any_order(order: tuple[str, ...], tmp_path: Path) -> None:
    tree = coco(images=[{**IMAGE, "neg_category_ids": [1]}])
    found = read(tmp_path, json.dumps({name: tree[name] for name in order}))
    assert found.polarities == [("7", "polar_x20bear", 1.0), ("7", "polar_x20bear", 1.0), ("7", "dog", 0.0)]


def test_what_nobody_looked_for_is_not_said(tmp_path: Path) -> None:
    images = [{**IMAGE, "neg_category_ids": []}, {**IMAGE, "id": 8, "neg_category_ids": []}]
    assert read(tmp_path, text(images=images)).polarities == [("7", "polar_x20bear", 1.0)] * 2


@pytest.mark.parametrize("name", ["coco", "lvis"])
def test_the_format_may_be_said(name: str, tmp_path: Path) -> None:
    assert len(read(tmp_path, text(), format=name).annotations) == 1


def test_a_document_that_begins_with_its_objects_is_coco(tmp_path: Path) -> None:
    assert len(read(tmp_path, json.dumps({"annotations": [OBJECT], **coco()})).annotations) >= 1


# --- contradictions -----------------------------------------------------------------------------------


def test_a_category_that_is_absent_and_an_object_is_refused_for_the_image(tmp_path: Path) -> None:
    images = [{**IMAGE, "neg_category_ids": [1, 2]}, {**IMAGE, "id": 8, "neg_category_ids": [2]}]
    found = read(tmp_path, text(images=images))
    assert found.polarities == [("7", "polar_x20bear", 1.0), ("8", "polar_x20bear", 0.0)]
    assert found.problems == [
        (
            "labels, images[0] (id 7): 'polar_x20bear' is in neg_category_ids, and an object of the image: take one of "
            "the two out"
        )
    ]


def test_also_if_two_categories_have_one_name(tmp_path: Path) -> None:
    categories = [*CATEGORIES, {"id": 9, "name": "polar bear"}]
    found = read(tmp_path, text(categories=categories, images=[{**IMAGE, "neg_category_ids": [9]}]))
    assert found.polarities == [("7", "polar_x20bear", 1.0)]
    assert "'polar_x20bear' is in neg_category_ids, and an object" in found.problems[0]


def test_also_if_the_place_of_the_object_cannot_be_read(tmp_path: Path) -> None:
    found = read(
        tmp_path, text(images=[{**IMAGE, "neg_category_ids": [2]}], objects=[{**OBJECT, "bbox": [0, 0, 0, 0]}])
    )
    assert found.annotations == []
    assert [problem.split(":")[0] for problem in found.problems] == [
        "labels, annotations[0] (id 70)",
        "labels, images[0] (id 7)",
    ]


@pytest.mark.parametrize("category", [5, [1], None])
def test_an_absent_category_that_there_is_not_is_refused(category: Any, tmp_path: Path) -> None:
    found = read(tmp_path, text(images=[{**IMAGE, "neg_category_ids": [1, category]}], objects=[]))
    assert found.annotations == []
    assert f"images[0] (id 7): neg_category_ids has {category!r}, which is no category of the file" in found.problems[0]


def test_an_id_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        text(
            images=[IMAGE, {**IMAGE, "width": 100}],
            categories=[*CATEGORIES, {"id": 2, "name": "cow"}],
        ),
    )
    assert found.polarities == [("7", "polar_x20bear", 1.0)]
    assert found.problems == [
        "labels, categories[3]: the id 2 is there twice: which one counts?",
        "labels, images[1]: the id 7 is there twice: which one counts?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"category_id": 2', '"category_id": 2, "category_id": 1', "annotations[0]"),
        ('"name": "dog"', '"name": "dog", "name": "cat"', "categories[0]"),
        ('"width": 200', '"neg_category_ids": [1], "neg_category_ids": [3], "width": 200', "images[0]"),
    ],
)
def test_a_key_that_is_there_twice_is_refused(old: str, new: str, place: str, tmp_path: Path) -> None:
    found = read(tmp_path, text(images=[IMAGE, {**IMAGE, "id": 8}]).replace(old, new, 1))
    key = new.split('"')[1]
    assert found.problems[0] == f"labels, {place}: the key {key!r} is there twice: which one counts?"


def test_two_names_that_a_map_makes_one_concept_are_refused(tmp_path: Path) -> None:
    found = read(tmp_path, text(), concept_map={"polar bear": "dog"})
    assert found.problems[0] == (
        "labels, categories[1]: the names 'dog' and 'polar bear' would both be the concept 'dog': give one of them "
        "another id with --concept-map (concept_map=)"
    )
    assert found.annotations == []


@pytest.mark.parametrize("kind", ["file", "stem"])
def test_two_images_that_would_be_one_input_are_refused(kind: str, tmp_path: Path) -> None:
    images = [IMAGE, {**IMAGE, "id": 8, "file_name": "val/0007.jpg"}]
    found = read(tmp_path, text(images=images), input_id=kind)
    assert [name for name, _, _ in found.polarities] == ["0007.jpg" if kind == "file" else "0007"]
    assert "images[1] (id 8): the images 7 and 8 would both be the input" in found.problems[0]


# --- objects that cannot be taken ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"bbox": [20, 10, 0, 50]}, "the box [20, 10, 0, 50] (x, y, width, height) has no area"),
        ({"bbox": [20, 10, 50, -5]}, "has no area"),
        ({"bbox": [150, 10, 60, 50]}, "210 pixels is outside of the image, which has 200"),
        ({"bbox": [-5, 10, 60, 50]}, "-5 pixels is outside of the image, which has 200"),
        ({"bbox": [0, 0, 10]}, "its bbox [0, 0, 10] is not 4 numbers"),
        ({"bbox": ["0", 0, 10, 10]}, "its bbox ['0', 0, 10, 10] is not 4 numbers"),
        ({"bbox": [True, 0, 10, 10]}, "is not 4 numbers"),
        ({"bbox": {"x": 1}}, "is not 4 numbers"),
        ({"bbox": None}, "its bbox None is not 4 numbers"),
        ({"bbox": [0, 0, 10**17, 10]}, "is not 4 numbers"),
        ({"image_id": 9}, "its image_id 9 is not in the file, or could not be read"),
        ({"category_id": 9}, "its category_id 9 is not in the file, or could not be read"),
        ({"category_id": [1]}, "it has another shape than COCO's (unhashable type: 'list')"),
    ],
)
def test_an_object_that_cannot_be_taken_is_a_problem_and_the_others_are_read(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    found = read(tmp_path, text(objects=[{**OBJECT, **change}, {**OBJECT, "category_id": 1}]))
    assert found.polarities == [("7", "dog", 1.0)]
    [problem] = found.problems
    assert problem.startswith("labels, annotations[0] (id 70): ")
    assert says in problem


@pytest.mark.parametrize("key", ["bbox", "image_id", "category_id"])
def test_what_an_object_lacks_is_named(key: str, tmp_path: Path) -> None:
    lacking = {name: value for name, value in OBJECT.items() if name != key}
    assert refusal(tmp_path, text(objects=[lacking])) == f"labels, annotations[0] (id 70): it has no {key}"


@pytest.mark.parametrize("odd", [5, "image_id", ["image_id"], None])
def test_what_is_no_object_is_a_problem(odd: Any, tmp_path: Path) -> None:
    said = refusal(tmp_path, text(objects=[odd]))
    assert said == f"labels, annotations[0]: there should be an object of JSON, and there is {odd!r}"


def test_a_box_up_to_a_pixel_outside_is_put_on_the_border(tmp_path: Path) -> None:
    found = read(tmp_path, text(objects=[{**OBJECT, "bbox": [-0.5, -1, 201.4, 101.9]}]))
    [region] = found.annotations[0]["data"]["regions"]
    assert region["region_info"]["bounding_box"] == {
        "top_row": 0.0,
        "left_col": 0.0,
        "bottom_row": 1.0,
        "right_col": 1.0,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 0}, "the image is 0 by 100 pixels"),
        ({"height": -3}, "the image is 200 by -3 pixels"),
        ({"height": "100"}, "its size [200, '100'] is not 2 numbers"),
        ({"neg_category_ids": 3}, "its neg_category_ids are no list: 3"),
    ],
)
def test_an_image_that_cannot_be_taken_is_a_problem_and_so_are_its_objects(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    found = read(tmp_path, text(images=[{**IMAGE, **change}, {**IMAGE, "id": 8}]))
    assert found.problems == [
        f"labels, images[0] (id 7): {says}",
        "labels, annotations[0] (id 70): its image_id 7 is not in the file, or could not be read",
    ]


def test_an_id_of_an_image_is_a_number_or_a_text(tmp_path: Path) -> None:
    found = read(tmp_path, text(images=[{**IMAGE, "id": None}, {**IMAGE, "id": "x"}], objects=[]))
    assert found.problems == ["labels, images[0]: its id None is no number and no text"]


@pytest.mark.parametrize(("name", "says"), [(5, "its name 5 is no text"), ("", "the name of the concept is empty")])
def test_a_category_without_a_name_is_a_problem(name: Any, says: str, tmp_path: Path) -> None:
    found = read(tmp_path, text(categories=[*CATEGORIES, {"id": 4, "name": name}, {"id": 5}]))
    assert found.problems == [f"labels, categories[3]: {says}", "labels, categories[4]: it has no name"]
    assert len(found.annotations) == 1


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"categories": []}, "has categories, and this one has none that can be read"),
        ({"images": []}, "has images, and this one has none that can be read"),
    ],
)
def test_a_file_without_its_lists_is_refused(parts: dict[str, list[Any]], says: str, tmp_path: Path) -> None:
    assert says in refusal(tmp_path, text(**parts))


def test_results_of_a_model_are_no_labels(tmp_path: Path) -> None:
    said = refusal(tmp_path, json.dumps([{**OBJECT, "score": 0.7}]))
    assert "a COCO or LVIS file has categories, and this one has none" in said


# --- names of images, and polygons --------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "input_id"), [("id", "7"), ("file", "0007.jpg"), ("stem", "0007")])
def test_the_input_is_the_id_the_file_or_its_stem(kind: str, input_id: str, tmp_path: Path) -> None:
    assert read(tmp_path, text(), input_id=kind).polarities[0][0] == input_id
    with_url = {**IMAGE, "file_name": None, "coco_url": "http://images.example/val/0007.jpg"}
    assert read(tmp_path, text(images=[with_url]), input_id=kind).polarities[0][0] == input_id


def test_an_image_without_a_file_name_has_an_id(tmp_path: Path) -> None:
    nameless = {**IMAGE, "file_name": ""}
    found = read(tmp_path, text(images=[nameless]), input_id="file")
    assert "the image has no file_name and no coco_url: take its id as the input id" in found.problems[0]
    assert len(read(tmp_path, text(images=[nameless])).annotations) == 1


def test_each_polygon_of_an_object_is_an_annotation(tmp_path: Path) -> None:
    shapes = [[0, 0, 100, 0, 100, 50], [200, 100, 0, 100, 0, 50, 10, 50]]
    found = read(tmp_path, text(objects=[{**OBJECT, "segmentation": shapes}]), shape="polygon")
    polygons = [a["data"]["regions"][0]["region_info"]["polygon"]["points"] for a in found.annotations]
    assert polygons == [
        [{"row": 0.0, "col": 0.0}, {"row": 0.0, "col": 0.5}, {"row": 0.5, "col": 0.5}],
        [{"row": 1.0, "col": 1.0}, {"row": 1.0, "col": 0.0}, {"row": 0.5, "col": 0.0}, {"row": 0.5, "col": 0.05}],
    ]
    assert found.polarities == [("7", "polar_x20bear", 1.0)] * 2


@pytest.mark.parametrize(
    ("segmentation", "says"),
    [
        ({"counts": [1, 2], "size": [100, 200]}, "is a run-length mask (RLE), which is not read yet: take --shape box"),
        ({"counts": "abc", "size": [100, 200]}, "is a run-length mask (RLE)"),
        ([[0, 0, 10, 10]], "a polygon of 4 numbers has not three points or more"),
        ([[0, 0, 10, 10, 5, 5, 3]], "a polygon of 7 numbers has not three points or more"),
        ([[0, 0, 10, 10, 500, 5]], "500 pixels is outside of the image, which has 200"),
        ([["a"] * 6], "its polygon ['a', 'a', 'a', 'a', 'a', 'a'] is not a list of numbers"),
        ([5], "its polygon 5 is not a list of numbers"),
        ([], "its segmentation is empty: take --shape box"),
        (5, "it has another shape than COCO's ('int' object is not iterable)"),
    ],
)
def test_a_segmentation_that_is_no_polygon_is_a_problem(segmentation: Any, says: str, tmp_path: Path) -> None:
    content = text(objects=[{**OBJECT, "segmentation": segmentation}])
    assert says in refusal(tmp_path, content, shape="polygon")
    assert len(read(tmp_path, content, shape="box").annotations) == 1


# --- what is no JSON ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[20, 10, 100, 50]", "[NaN, 10, 100, 50]", "this is not JSON: "),
        (
            "[20, 10, 100, 50]",
            "[1e999, 10, 100, 50]",
            "this is not JSON: ",
        ),
        ("[20, 10, 100, 50]", "[20, 10, 100", "this is not JSON: "),
        ('"name": "cat"}]}', '"name": "cat"}]} x', "this is not JSON: "),
        ('"name": "cat"}]}', '"name": ', "this is not JSON: it ends too early. Copy or download it again"),
        ("polar", "p\xf6lar", "a text in it is no UTF-8: save the file as UTF-8"),
    ],
)
def test_what_is_no_json_is_refused_with_what_was_read_before(old: str, new: str, says: str, tmp_path: Path) -> None:
    content = text(objects=[OBJECT, OBJECT])
    head, _, tail = content.rpartition(old)
    found = read(tmp_path, f"{head}{new}{tail}".encode("latin-1"))
    assert found.annotations == []
    assert says in found.problems[0]
    assert found.problems[0].startswith("labels")


def test_the_place_of_what_is_no_json_is_the_item_before(tmp_path: Path) -> None:
    many = json.dumps({"categories": CATEGORIES, "images": [IMAGE], "annotations": [OBJECT] * 5000})
    found = read(tmp_path, many[:-30])
    assert found.annotations == []
    assert found.problems == [
        "labels, after categories[2]: this is not JSON: it ends too early. Copy or download it again"
    ]


@pytest.mark.parametrize("opening", ["[", '{"a":', '["\\"",'])
def test_nesting_beyond_any_label_is_refused_before_it_takes_memory(opening: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, '{"categories": ' + opening * 50_000)
    assert said == "labels: it is nested deeper than 100 levels, so it is no file of labels"


def test_brackets_in_texts_and_beside_one_another_are_no_levels(tmp_path: Path) -> None:
    odd = {**OBJECT, "note": '[{"\\' * 200, "many": [[]] * 500, "end": "\\"}
    found = read(tmp_path, text(objects=[odd] * 300))
    assert (len(found.annotations), found.problems) == (300, [])


def test_levels_are_counted_across_the_pieces_that_are_read(tmp_path: Path) -> None:
    data = json.dumps({"a": 'x\\"[[[', "b": [[1], ["\\\\", {"c": "]"}]]}).encode()
    for size in range(1, 30):
        (tmp_path / "piece").write_bytes(data)
        with (tmp_path / "piece").open("rb") as file:
            shallow = _pieces._Shallow(file)
            while shallow.read(size):
                pass
            assert (shallow._level, shallow._is_text, shallow._rest) == (0, False, b"")


def test_without_ijson_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ijson", None)
    assert refusal(tmp_path, text()) == (
        "labels: COCO and LVIS files are read with ijson: pip install 'clarifai-http-annotations[cli]'"
    )
