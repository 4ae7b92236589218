"""From files to labels: which format a file has, and the reader for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from .._wire.bodies import ExpectedApp
from .._wire.received import warn
from ..elsewhere import MissingValue
from ..models._base import as_number
from ._coco import read_coco
from ._columns import check_names
from ._label import InputId, Label, Problem, Reading, Shape, Threshold, Unreadable
from ._names import Names
from ._open_images import header_of, is_open_images, read_open_images
from ._source import Source
from ._table import read_table
from ._wire_json import read_json, read_json_lines

Format = Literal["jsonl", "json", "csv", "tsv", "open-images", "coco", "lvis"]

READERS: dict[Format, Callable[[Source, Reading], Iterator[Label]]] = {
    "jsonl": read_json_lines,
    "json": read_json,
    "csv": read_table,
    "tsv": partial(read_table, delimiter="\t"),
    "open-images": read_open_images,
    "coco": read_coco,
    "lvis": read_coco,
}


def read_labels(
    *files: str | os.PathLike[str],
    format: Format | None = None,
    missing_value: MissingValue = "error",
    threshold: Threshold | tuple[float, float] | None = None,
    columns: Mapping[str, str] | None = None,
    input_id: InputId = "id",
    shape: Shape = "box",
    classes: Mapping[str, str] | None = None,
    concept_map: Mapping[str, str] | None = None,
    user_id: str | None = None,
    app_id: str | None = None,
    on_problem: Callable[[Problem], object] | None = None,
) -> Iterator[Label]:
    """Read annotations from label files, one after the other, without keeping them.

    ::

        client.upload(label.annotation for label in read_labels("train.csv", "boxes.json"))

    Args:
        *files: Files of JSON Lines, JSON, CSV, TSV, Open Images, COCO or LVIS; gzip is unpacked.
        format: The format of all of them; told from the content of each if absent.
        missing_value: What a concept without a polarity is: ``"error"``, ``"positive"`` or ``"negative"``.
        threshold: What a probability in a table means, two numbers from 0 to 1: at most the first is negative, at
            least the second positive, and what is between is left out. Without it a probability is a problem.
        columns: Header names of a table, if they are unusual: ``{"input": "photo", "concept": "species"}``.
        input_id: Which of an image's names is the input's id: ``"id"``, ``"file"`` or its ``"stem"``.
        shape: Whether an object of COCO is its ``"box"`` or its ``"polygon"``.
        classes: Names by the codes of Open Images' classes.
        concept_map: Ids of concepts by name; for all others see `concept_id`.
        user_id: The user whose app is meant, to be compared with what a request in a file says (``user_app_id``).
        app_id: The app that is meant, likewise; without it a request that names an app is a problem.
        on_problem: Takes every row that cannot be read, and the rest is read on. Without it the first one is raised.

    Returns:
        An iterator over the annotations, each with its place. It reads the files as it goes on, and raises a
        `LabelError` where a file or a row cannot be read and nobody takes problems. Of an answer that was saved, an
        input-level annotation without labels is none, and fields that this version does not know are left out, with
        an `UnknownFieldWarning` at the end.

    Raises:
        ValueError: If an argument cannot be; at once, before a file is read.
    """
    for name, value, known in (
        ("format", format, (None, *READERS)),
        ("missing_value", missing_value, get_args(MissingValue)),
        ("input_id", input_id, get_args(InputId)),
        ("shape", shape, get_args(Shape)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(filter(None, known))}, not {value!r}.")
    if on_problem is not None and not callable(on_problem):
        raise ValueError(f"on_problem must be a function that takes a Problem, not {on_problem!r}.")
    check_names(columns := _texts("columns", columns))
    reading = Reading(
        missing_value=missing_value,
        threshold=None if threshold is None else _threshold(threshold),
        columns=columns,
        input_id=input_id,
        shape=shape,
        classes=_texts("classes", classes),
        names=Names(_texts("concept_map", concept_map)),
        app=ExpectedApp(user_id, app_id),
        on_problem=on_problem,
    )
    return _warning_at_the_end(read_sources([Source(_path(file)) for file in files], reading, format), reading)


def _warning_at_the_end(labels: Iterator[Label], reading: Reading) -> Iterator[Label]:
    yield from labels
    warn([*reading.fields_left_out])


def _path(file: object) -> Path:
    if isinstance(file, (str, os.PathLike)) and isinstance(path := os.fspath(file), str):
        return Path(path)
    raise ValueError(f"read_labels takes paths of files, not {file!r}: read_labels(*paths) takes several.")


def _texts(name: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """Return a map of texts that is the caller's no more, so that nobody changes it while files are read."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        of_file = {"classes": "read_classes", "concept_map": "read_concept_map"}.get(name)
        hint = f": {of_file}(path) reads a file" if of_file else ""
        raise ValueError(f"{name} must be a dict of texts, not {given!r}{hint}.")
    for key, value in given.items():
        if not isinstance(key, str) or not isinstance(value, str) or not (value.strip() or name == "classes"):
            raise ValueError(f"{name} must hold texts that are not empty, not {key!r}: {value!r}.")
    return dict(given)


def _threshold(given: Threshold | tuple[float, float]) -> Threshold:
    try:
        low, high = map(as_number, given)
    except (TypeError, ValueError):  # it is not two, or no numbers
        raise ValueError(f"threshold must be two numbers from 0 to 1, such as (0.2, 0.8), not {given!r}.") from None
    return Threshold.of(low, high)


def read_sources(sources: Iterable[Source], reading: Reading, format: Format | None = None) -> Iterator[Label]:
    """Yield the labels of files; what is learned of their names is shared.

    Raises:
        LabelError: If one cannot be read, and nobody takes problems.
    """
    for source in sources:
        try:
            found = detect(source)  # also of a format that is given: an empty file is none of them
            yield from READERS[format or found](source, reading)
        except Unreadable as error:
            reading.problem(error.place or source.name, error.message)


def detect(source: Source) -> Format:
    """Tell the format of a file from its beginning.

    Raises:
        Unreadable: If it is empty, or no text.
    """
    head = source.head()
    if head.lstrip()[0] not in "{[":
        return "open-images" if is_open_images(header_of(source)) else "csv"
    if '"input_id"' not in head and any(f'"{key}"' in head for key in ("categories", "images", "image_id", "licenses")):
        return "coco"
    first, second = (*source.first_lines(2), "")[:2]
    # In a document no line that ends with "}" is followed by one that begins with "{": the first is a broken row.
    return "jsonl" if _is_json(first) or (first.endswith("}") and second.startswith("{")) else "json"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
