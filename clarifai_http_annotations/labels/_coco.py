"""COCO and LVIS: boxes or polygons of objects in images, and, in LVIS, what a person found absent.

Rules:

1. A box, or each polygon of a segmentation, is an annotation of its own, positive for its category.
2. In LVIS, whose images say which categories were looked for, an image has one more: the categories of its objects
   are present, its ``neg_category_ids`` absent. What COCO does not name was not looked for, and is not said.
3. Pixels become parts of the image's height and width. An edge up to one pixel outside is put on the border.
4. Run-length masks (RLE) are refused by name.
5. What the file says twice (an id, a key of an object, a polarity) it may mean either way, and is refused.

The file is read piece by piece, once for each of its lists; what is kept is a few words an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard, TypeVar

from ._label import Label, Reading, Unreadable, claim_input
from ._pieces import Piece, items
from ._source import Source

_Known = TypeVar("_Known")

DIGITS = 9
"""Decimals of a coordinate: a millionth of a pixel, and float errors do not stick out of the image."""


@dataclass
class _Image:
    """What is kept of an image."""

    input_id: str
    width: float
    height: float
    place: str
    absent: list[Any] | None
    present: dict[str, None] = field(default_factory=dict)


def read_coco(source: Source, reading: Reading) -> Iterator[Label]:
    """Yield the annotations of a COCO or LVIS file.

    Raises:
        Unreadable: If it is no JSON, or lacks its lists.
    """
    concepts = _categories(source, reading)
    images = _images(source, reading)
    for index, object in enumerate(items(source, "annotations")):
        place = f"{source.name}, annotations[{index}]"
        try:
            _check(object)
            place += f" (id {object['id']})" if "id" in object else ""
            image = _known(images, object, "image_id")
            concept = _known(concepts, object, "category_id")
            image.present[concept] = None
            placed = _shapes(object, image, reading)
        except (KeyError, TypeError, ValueError) as error:
            reading.problem(place, _in_words(error))
            continue
        data = {"concepts": [{"id": concept, "value": 1.0}]}
        for info in placed:
            yield Label({"input_id": image.input_id, "data": {"regions": [{"region_info": info, "data": data}]}}, place)
    for image in images.values():
        yield from _whole(image, concepts, reading)


def _check(object: Any) -> None:
    if not isinstance(object, Piece):
        raise ValueError(f"there should be an object of JSON, and there is {object!r:.80}")
    if object.twice:
        raise ValueError(f"the key {object.twice!r} is there twice: which one counts?")


def _known(table: dict[Any, _Known], object: dict[str, Any], key: str) -> _Known:
    if object[key] not in table:
        raise ValueError(f"its {key} {object[key]!r} is not in the file, or could not be read")
    return table[object[key]]


def _whole(image: _Image, concepts: dict[Any, str], reading: Reading) -> Iterator[Label]:
    """Yield what LVIS says of a whole image."""
    if image.absent is None:
        return
    said = dict.fromkeys(image.present, 1.0)
    for category in image.absent:
        concept = concepts.get(category) if isinstance(category, (int, str)) else None
        if concept is None:
            reading.problem(
                image.place,
                f"neg_category_ids has {category!r}, which is no category of the file, or one that could not be read",
            )
            return
        if concept in image.present:
            reading.problem(
                image.place,
                f"{concept!r} is in neg_category_ids, and an object of the image: take one of the two out",
            )
            return
        said[concept] = 0.0
    if said:
        listed = [{"id": concept, "value": value} for concept, value in said.items()]
        yield Label({"input_id": image.input_id, "data": {"concepts": listed}}, image.place)


def _categories(source: Source, reading: Reading) -> dict[Any, str]:
    concepts: dict[Any, str] = {}
    for index, category in enumerate(items(source, "categories")):
        try:
            _check(category)
            id, name = _id_of(category, concepts), category["name"]
            if not isinstance(name, str):
                raise ValueError(f"its name {name!r} is no text")
            concepts[id] = reading.names.id_of(name)
        except (KeyError, TypeError, ValueError) as error:
            reading.problem(f"{source.name}, categories[{index}]", _in_words(error))
    if not concepts:
        raise Unreadable("a COCO or LVIS file has categories, and this one has none that can be read")
    return concepts


def _images(source: Source, reading: Reading) -> dict[Any, _Image]:
    images: dict[Any, _Image] = {}
    inputs: dict[str, Any] = {}
    for index, image in enumerate(items(source, "images")):
        place = f"{source.name}, images[{index}]"
        try:
            _check(image)
            id = _id_of(image, images)
            place += f" (id {id})"
            name = str(id) if reading.input_id == "id" else reading.input_of(_file_of(image))
            claim_input(inputs, name, id, "the images ")
            width, height = _numbers([image["width"], image["height"]], "size", 2)
            if not (width > 0 and height > 0):
                raise ValueError(f"the image is {width:g} by {height:g} pixels")
            absent = image.get("neg_category_ids")
            if absent is not None and not isinstance(absent, list):
                raise ValueError(f"its neg_category_ids are no list: {absent!r:.80}")
            images[id] = _Image(name, width, height, place, absent)
        except (KeyError, TypeError, ValueError) as error:
            reading.problem(place, _in_words(error))
    if not images:
        raise Unreadable("a COCO or LVIS file has images, and this one has none that can be read")
    return images


def _id_of(object: Piece, others: dict[Any, Any]) -> Any:
    id = object["id"]
    if not isinstance(id, (int, str)):
        raise ValueError(f"its id {id!r:.80} is no number and no text")
    if id in others:
        raise ValueError(f"the id {id!r} is there twice: which one counts?")
    return id


def _numbers(found: Any, what: str, count: int) -> list[float]:
    if not isinstance(found, list) or not all(_is_number(one) for one in found) or count not in (0, len(found)):
        raise ValueError(f"its {what} {found!r:.80} is not {count or 'a list of'} numbers")
    return found


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float) and abs(value) < 1e15


def _file_of(image: dict[str, Any]) -> str:
    name = image.get("file_name") or image.get("coco_url")
    if not name:
        raise ValueError("the image has no file_name and no coco_url: take its id as the input id")
    return str(name).rpartition("/")[2]


def _shapes(object: dict[str, Any], image: _Image, reading: Reading) -> list[dict[str, Any]]:
    """Return where an object is, as the API has it."""
    if reading.shape == "box":
        x, y, width, height = _numbers(object["bbox"], "bbox", 4)
        box = {
            "top_row": _part(y, image.height),
            "left_col": _part(x, image.width),
            "bottom_row": _part(y + height, image.height),
            "right_col": _part(x + width, image.width),
        }
        if not (box["top_row"] < box["bottom_row"] and box["left_col"] < box["right_col"]):
            raise ValueError(f"the box {[x, y, width, height]} (x, y, width, height) has no area")
        return [{"bounding_box": box}]
    segmentation = object["segmentation"]
    if isinstance(segmentation, dict):
        raise ValueError("the segmentation is a run-length mask (RLE), which is not read yet: take --shape box")
    if not segmentation:
        raise ValueError("its segmentation is empty: take --shape box")
    return [{"polygon": {"points": _points(polygon, image)}} for polygon in segmentation]


def _points(polygon: Any, image: _Image) -> list[dict[str, float]]:
    _numbers(polygon, "polygon", 0)
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon of {len(polygon)} numbers has not three points or more")
    pairs = zip(polygon[::2], polygon[1::2], strict=True)
    return [{"row": _part(y, image.height), "col": _part(x, image.width)} for x, y in pairs]


def _part(pixels: float, size: float) -> float:
    if not -1.0 <= pixels <= size + 1.0:
        raise ValueError(f"{pixels:g} pixels is outside of the image, which has {size:g}")
    return round(min(max(pixels, 0.0), size) / size, DIGITS)


def _in_words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    if isinstance(error, TypeError):
        return f"it has another shape than COCO's ({error})"
    return str(error)
