"""COCO and LVIS: boxes or polygons of objects in images, and, in LVIS, what a person found absent.

Rules:

1. A box, or each polygon of a segmentation, is an annotation of its own, positive for its category.
2. In LVIS, whose images say which categories were looked for, an image has one more: the categories of its objects
   are present, its ``neg_category_ids`` absent. What COCO does not name was not looked for, and is not said.
3. Pixels become parts of the image's height and width. An edge up to one pixel outside is put on the border.
4. Run-length masks (RLE) are refused by name.

The file is read piece by piece, once for each of its lists; what is kept is a few words an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._label import Label, Reading, Unreadable
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
    present: dict[Any, None] = field(default_factory=dict)


def read_coco(source: Source, reading: Reading) -> Iterator[Label]:
    """Yield the annotations of a COCO or LVIS file.

    Raises:
        Unreadable: If it is no JSON, or lacks its lists.
    """
    concepts = _categories(source, reading)
    images = _images(source, reading)
    for index, object in enumerate(_items(source, "annotations")):
        place = f"{source.name}, annotations[{index}]"
        try:
            place += f" (id {object['id']})" if "id" in object else ""
            image = _known(images, object, "image_id")
            category, concept = object["category_id"], _known(concepts, object, "category_id")
            placed = _shapes(object, image, reading)
        except (KeyError, TypeError, ValueError) as error:
            reading.problem(place, _in_words(error))
            continue
        image.present[category] = None
        data = {"concepts": [{"id": concept, "value": 1.0}]}
        for info in placed:
            yield Label({"input_id": image.input_id, "data": {"regions": [{"region_info": info, "data": data}]}}, place)
    for image in images.values():
        yield from _whole(image, concepts, reading)


def _known(table: dict[Any, _Known], object: dict[str, Any], key: str) -> _Known:
    if object[key] not in table:
        raise ValueError(f"its {key} {object[key]!r} is not in the file, or could not be read")
    return table[object[key]]


def _whole(image: _Image, concepts: dict[Any, str], reading: Reading) -> Iterator[Label]:
    """Yield what LVIS says of a whole image."""
    if image.absent is None:
        return
    said = {concepts[category]: 1.0 for category in image.present}
    for category in image.absent:
        if category not in concepts:
            reading.problem(image.place, f"neg_category_ids has {category!r}, which is no category of the file")
            return
        if category in image.present:
            reading.problem(image.place, f"{concepts[category]!r} is in neg_category_ids, and an object of the image")
            return
        said[concepts[category]] = 0.0
    if said:
        listed = [{"id": concept, "value": value} for concept, value in said.items()]
        yield Label({"input_id": image.input_id, "data": {"concepts": listed}}, image.place)


def _categories(source: Source, reading: Reading) -> dict[Any, str]:
    concepts: dict[Any, str] = {}
    for index, category in enumerate(_items(source, "categories")):
        try:
            concepts[category["id"]] = reading.names.id_of(category["name"])
        except (KeyError, TypeError, ValueError) as error:
            reading.problem(f"{source.name}, categories[{index}]", _in_words(error))
    if not concepts:
        raise Unreadable("a COCO or LVIS file has categories, and this one has none that can be read")
    return concepts


def _images(source: Source, reading: Reading) -> dict[Any, _Image]:
    images: dict[Any, _Image] = {}
    for index, image in enumerate(_items(source, "images")):
        place = f"{source.name}, images[{index}]"
        try:
            place += f" (id {image['id']})"
            name = str(image["id"]) if reading.input_id == "id" else reading.input_of(_file_of(image))
            width, height = float(image["width"]), float(image["height"])
            if not (width > 0 and height > 0):
                raise ValueError(f"the image is {width:g} by {height:g} pixels")
            images[image["id"]] = _Image(name, width, height, place, image.get("neg_category_ids"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reading.problem(place, _in_words(error))
    return images


def _file_of(image: dict[str, Any]) -> str:
    name = image.get("file_name") or image.get("coco_url")
    if not name:
        raise ValueError("the image has no file_name and no coco_url: take its id as the input id")
    return str(name).rpartition("/")[2]


def _shapes(object: dict[str, Any], image: _Image, reading: Reading) -> list[dict[str, Any]]:
    """Return where an object is, as the API has it."""
    if reading.shape == "box":
        x, y, width, height = map(float, object["bbox"])
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
    return [{"polygon": {"points": _points(polygon, image)}} for polygon in segmentation]


def _points(polygon: list[Any], image: _Image) -> list[dict[str, float]]:
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon of {len(polygon)} numbers has not three points or more")
    pairs = zip(polygon[::2], polygon[1::2], strict=True)
    return [{"row": _part(float(y), image.height), "col": _part(float(x), image.width)} for x, y in pairs]


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


def _items(source: Source, key: str) -> Iterator[Any]:
    """Yield what is in one of the lists of the file."""
    try:
        import ijson  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise Unreadable(
            "COCO and LVIS files are read with ijson: pip install 'clarifai-http-annotations[cli]'"
        ) from None
    with source.open() as file:
        try:
            yield from ijson.items(file, f"{key}.item", use_float=True)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise Unreadable(f"this is not JSON: {error}".strip()) from None
