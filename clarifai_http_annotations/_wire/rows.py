"""From what a user gives to a checked tree with an id; in bulk, millions of times.

Rules:

1. There is one way that decides: `_checked`, which asks the models (`encode.check`).
2. The plainest annotations, which are by far the most (concepts, or a box with concepts, usual ids,
   values of 1 and 0), are recognised by `_plain` without the models. It takes only what the models
   would take, and makes the same tree to the order of its keys and the sign of its zeros; whatever is
   in the least unusual it leaves to them.
3. The tree shares nothing that can change with what was given.
4. An id is derived from the canonical text of the content (`ids`), whichever way it went.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import InvalidRequestError
from ..models.annotation import Annotation
from .encode import FROM_PROTOBUF, USUAL_ID, USUAL_INPUT_ID, check, is_message, refusal, to_tree, where
from .guard import as_bytes
from .ids import canonical, id_of_content
from .requests import MAX_ANNOTATIONS

BESIDE = 96
"""Bytes of an annotation's JSON beside its content and its input: the names of the ids, and an id."""

LONGEST_EDGE = 24
"""Letters of the longest number from 0 to 1: ``2.2250738585072014e-308`` and a comma."""


class Row(NamedTuple):
    """An annotation that can be sent.

    Attributes:
        tree: Its JSON, with an id.
        derived: Whether the id was derived from the content.
        digest: The id that the content makes.
        size: Bytes of its JSON, or a little more.
        is_plain: Whether every value in it is 1 or 0.
    """

    tree: dict[str, Any]
    derived: bool
    digest: str
    size: int
    is_plain: bool


def prepare_row(given: object, place: str) -> Row:
    """Check what was given, and give it an id if it has none.

    Args:
        given: An `Annotation`, or a dict of the same shape.
        place: What to call it in an error, such as ``"annotations[3]"``.

    Raises:
        InvalidRequestError: If it cannot be sent; names place, input and field.
    """
    is_model = type(given) is not dict and isinstance(given, Annotation)  # what a model is, pydantic is slow to tell
    tree: Any = _tree_of(given, place) if is_model else given
    plain = _plain(tree)
    if plain is not None:
        text = plain[1]
        tree = tree if is_model else plain[0]  # a model's own tree is new already, and sent as it is when checked
        size = len(text) + 2 * text.count('"value"') + 4 * LONGEST_EDGE  # each value has ".0" more in the request
    else:
        tree = _checked(tree if is_model else _tree_of(given, place), place, is_model=is_model)
        size = _size_of(tree, place)
        text = canonical({key: value for key, value in tree.items() if key not in ("id", "input_id")})
    digest = id_of_content(tree["input_id"], text)
    derived = "id" not in tree
    if derived:
        tree["id"] = digest
    size += len(tree["input_id"]) + len(tree["id"]) + BESIDE
    return Row(tree, derived, digest, size, plain is not None)


# --- the plainest --------------------------------------------------------------------------------

_seen: set[str] = set()
"""Ids of concepts that are usual: there are few, and each comes many times."""


def _is_usual(name: object) -> bool:
    if type(name) is not str:
        return False
    if name in _seen:
        return True
    if USUAL_ID.fullmatch(name) is None:
        return False
    if len(_seen) >= 4096:
        _seen.clear()
    _seen.add(name)
    return True


def _plain(row: Any) -> tuple[dict[str, Any], str] | None:
    """Return the tree of a plain annotation and its canonical content; ``None`` if it is not plain."""
    if type(row) is not dict:
        return None
    input_id, data = row.get("input_id"), row.get("data")
    if type(input_id) is not str or type(data) is not dict or USUAL_INPUT_ID.fullmatch(input_id) is None:
        return None
    name = None
    if len(row) == 3:
        name = row.get("id")
        if type(name) is not str or USUAL_ID.fullmatch(name) is None:
            return None
    elif len(row) != 2:
        return None
    if len(data) != 1:
        return None
    content = _concepts(data) if "concepts" in data else _regions(data.get("regions"))
    if content is None:
        return None
    tree: dict[str, Any] = {"input_id": input_id, "data": content[0]}
    return tree if name is None else {"id": name, **tree}, f'{{"data":{content[1]}}}'


def _concepts(data: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    """Return data that holds concepts and nothing else, and its canonical text."""
    concepts = data["concepts"]
    if type(concepts) is not list or not concepts:
        return None
    said = {}
    for concept in concepts:
        if type(concept) is not dict or len(concept) != 2 or "id" not in concept or "value" not in concept:
            return None
        name, value = concept["id"], concept["value"]
        if type(value) is not float and type(value) is not int and type(value) is not bool:
            return None
        if (value != 1 and value != 0) or not _is_usual(name) or name in said:
            return None
        said[name] = {"id": name, "value": float(value)}
    names = said if len(said) == 1 else sorted(said)
    texts = [
        f'{{"id":"{name}","value":1}}' if said[name]["value"] else f'{{"id":"{name}","value":0}}' for name in names
    ]
    return {"concepts": list(said.values())}, f'{{"concepts":[{",".join(texts)}]}}'


def _regions(regions: object) -> tuple[dict[str, Any], str] | None:
    """Return data that holds one box with concepts and nothing else, and its canonical text."""
    if type(regions) is not list or len(regions) != 1 or type(regions[0]) is not dict or len(regions[0]) != 2:
        return None
    info, data = regions[0].get("region_info"), regions[0].get("data")
    if type(info) is not dict or len(info) != 1 or type(data) is not dict or len(data) != 1 or "concepts" not in data:
        return None
    box, content = info.get("bounding_box"), _concepts(data)
    if content is None or type(box) is not dict or len(box) != 4:
        return None
    edges: list[float] = []
    for name in ("top_row", "left_col", "bottom_row", "right_col"):
        edge = box.get(name)
        if (type(edge) is not float and type(edge) is not int) or not 0 <= edge <= 1:
            return None
        edges.append(float(edge))
    top, left, bottom, right = edges
    if not (top < bottom and left < right):
        return None
    placed = {"top_row": top, "left_col": left, "bottom_row": bottom, "right_col": right}
    bottom, left, right, top = _singles.unpack(_singles.pack(bottom, left, right, top))
    if left and top and bottom < 1.0 and right < 1.0:
        text = f'"bottom_row":{bottom!r},"left_col":{left!r},"right_col":{right!r},"top_row":{top!r}'
    else:
        kept = (("bottom_row", bottom), ("left_col", left), ("right_col", right), ("top_row", top))
        text = ",".join([f'"{name}":1' if edge == 1.0 else f'"{name}":{edge!r}' for name, edge in kept if edge])
    return (
        {"regions": [{"region_info": {"bounding_box": placed}, "data": content[0]}]},
        f'{{"regions":[{{"data":{content[1]},"region_info":{{"bounding_box":{{{text}}}}}}}]}}',
    )


_singles = struct.Struct("<4f")


# --- all others ----------------------------------------------------------------------------------


def _tree_of(given: object, place: str) -> Any:
    if isinstance(given, Mapping) and "annotations" in given:
        is_patch = "action" in given
        whole = "a whole request: give the list in it, request['annotations']"
        what = "a body of PATCH: patch() carries it out" if is_patch else whole
        raise InvalidRequestError(f"Nothing was sent. {place} is {what}.")
    if is_message(given):
        raise InvalidRequestError(f"Nothing was sent. {place} is a message of protobuf.", hint=FROM_PROTOBUF)
    if not isinstance(given, (Annotation, Mapping)):
        raise InvalidRequestError(
            f"Nothing was sent. {place} is a {type(given).__name__}: give Annotation objects, "
            "such as Annotation.of(input_id, positive(...), negative(...))"
            + (", or what read_annotations() or labels.read_labels() read." if isinstance(given, (str, bytes)) else ".")
        )
    try:
        return _tree_of_model(given) if isinstance(given, Annotation) else to_tree(given)
    except InvalidRequestError as error:
        raise refusal([f"{place}: {error}"]) from None


def _tree_of_model(annotation: Annotation) -> Any:
    if not vars(annotation).get("input_level"):
        try:
            return to_tree(annotation)
        except InvalidRequestError:
            pass  # it may be that a server said more than this version knows
    from .received import sent_again  # few programs copy what is stored

    return sent_again(annotation)


def _size_of(tree: dict[str, Any], place: str) -> int:
    """Return the bytes of an annotation's JSON, or a little more.

    Raises:
        InvalidRequestError: If it is no JSON, which would spoil its batch.
    """
    try:
        text = as_bytes(tree)
    except UnicodeEncodeError:
        raise refusal([f"{where(place, tree)}: a text holds half a surrogate pair, which is no Unicode"]) from None
    except ValueError:
        raise refusal([f"{where(place, tree)}: NaN and infinity are no numbers of JSON"]) from None
    return len(text) + 2 * text.count(b'"value"')  # the guard writes 1 as 1.0


def _checked(tree: Any, place: str, *, is_model: bool) -> dict[str, Any]:
    checked = check(tree, place, Annotation)
    said: dict[str, Any] = tree if is_model else to_tree(checked)  # a dict may say a thing in more ways than the wire
    return said


ROWS = (
    "Make an annotation of each row: (Annotation.of(row.input_id, Concept(id=row.concept, value=row.value)) for row in "
    "df.itertuples()), where value is 1 (present) or 0 (absent); the rows are iter_rows(named=True) in polars and "
    "to_pylist() in pyarrow. Or write a CSV file, and read it with labels.read_labels()."
)


def refuse_table(given: object, operation: str) -> None:
    """Refuse a table of pandas, polars, pyarrow or the like: what it gives are its columns, or their names.

    Raises:
        InvalidRequestError: If it is one.
    """
    kind = type(given)  # it is asked and not the object: a model or a mock may answer to any name
    if any(hasattr(kind, name) for name in ("columns", "column_names")) and any(
        hasattr(kind, name) for name in ("dtypes", "schema", "__dataframe__", "__arrow_c_stream__")
    ):
        raise InvalidRequestError(
            f"Nothing was sent. {operation} takes annotations, and a {kind.__name__} is a table: it would give its "
            "columns. The dicts of its rows, as to_dict('records') makes them, are not in the API's shape either.",
            hint=ROWS,
        )


def listed(annotations: object, operation: str) -> list[Any]:
    """Return one annotation, or 1 to 128 of them, as a list.

    Raises:
        InvalidRequestError: If there are none, or more, or something else.
    """
    refuse_table(annotations, operation)
    if isinstance(annotations, (Annotation, Mapping)) or is_message(annotations):  # one, of which something is said
        return [annotations]
    if not isinstance(annotations, Iterable) or isinstance(annotations, (str, bytes)):
        raise InvalidRequestError(
            f"{operation} takes an Annotation or 1 to {MAX_ANNOTATIONS} of them, not {type(annotations).__name__}."
        )
    found = []
    for annotation in annotations:
        found.append(annotation)
        if len(found) > MAX_ANNOTATIONS:
            raise InvalidRequestError(
                f"Nothing was sent. {operation} takes 1 to {MAX_ANNOTATIONS} annotations, as many as the API takes in "
                f"one request, and there are more.",
                hint="upload() takes any number." if operation == "create" else f"Send slices of {MAX_ANNOTATIONS}.",
            )
    if not found:
        raise InvalidRequestError(
            f"Nothing was sent: there is no annotation; {operation} takes 1 to {MAX_ANNOTATIONS}."
        )
    return found
