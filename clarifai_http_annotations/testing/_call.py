"""A request that got as far as its app, and what every route looks at in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from .._wire.guard import FREE_JSON, describe, has_no_value, place_of
from ..models._base import read
from ..models.annotation import Annotation
from ..models.point import Visibility
from ._answers import Refused, invalid, malformed, unknown
from ._rules import Rules
from ._state import Recorded, Stored, makers
from ._storing import Tree, find_concepts, without_nulls
from ._types import DEFAULT_PER_PAGE, WORDS, check_depth, is_digits, is_number, paged, status_code

MAX_ANNOTATIONS = 128

SHAPES: dict[str, type] = {
    **dict.fromkeys(("id", "input_id", "user_id", "task_id", "model_version_id"), str),
    **dict.fromkeys(("data", "status", "worker", "annotation_info"), dict),
    **dict.fromkeys(("trusted", "input_level"), bool),
}


@dataclass(frozen=True)
class Call:
    """A request that got as far as its app.

    Attributes:
        request: The request.
        stored: What the app has.
        rules: How to answer.
    """

    request: Recorded
    stored: Stored
    rules: Rules

    @property
    def body(self) -> Tree:
        """The body; what is no object has no fields."""
        return self.request.body if isinstance(self.request.body, dict) else {}

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters."""
        return self.request.query

    def has_input(self, input_id: str) -> bool:
        """Tell whether an input exists."""
        given = self.rules.inputs
        return given is None or input_id in given or input_id in self.stored.inputs

    def check_input(self, input_id: str) -> None:
        """Refuse an input that does not exist."""
        if not self.has_input(input_id):
            raise unknown(f"input {input_id} does not exist")

    def check_polarities(self) -> None:
        """Refuse a request in which a concept has no ``value`` and needs one, if the emulator is strict."""
        if self.rules.strict and (missing := missing_values(self.body)):
            raise invalid(f"strict emulator: no value, which HTTP takes for positive, in {'; '.join(missing)}")

    def check_values(self) -> None:
        """Refuse what stands in place of a concept and is none, and a value that is no number; a bool is none."""
        body = self.body
        for place, concept in find_concepts(body):
            if not isinstance(concept, dict):
                raise malformed(f"{place_of(place)} is no concept")
            value = concept.get("value")
            if value is not None and not is_number(value):
                raise malformed(f"{describe(body, place)}: value is no number")
            for key in ("id", "name"):
                if not isinstance(concept.get(key), (str, type(None))):
                    raise malformed(f"{place_of(place)}.{key} is no text")

    def made_by(self, users: list[str], models: list[str], workflows: list[str]) -> MadeBy:
        """Return a test of whether one of these made an annotation: OR-ed; anybody if nobody is named."""
        return MadeBy(
            {
                *(("user", self.rules.me if name == "me" else name) for name in users),
                *(("model", name) for name in models),
                *(("workflow", name) for name in workflows),
            }
        )

    def made_by_those_asked_for(self) -> MadeBy:
        """Return the test that the parameters of the query ask for."""
        keys = ("user_ids", "model_version_ids", "workflow_version_ids")
        return self.made_by(*(self.query.get(key, []) for key in keys))

    def page_of(self, found: list[Tree]) -> list[Tree]:
        """Return the part of a list that the parameters of the query ask for."""
        page = (self.query.get("page", ["1"])[-1], self.query.get("per_page", [str(DEFAULT_PER_PAGE)])[-1])
        return paged(found, *(int(text) if is_digits(text) else 0 for text in page))


@dataclass(frozen=True)
class MadeBy:
    """A test of who made an annotation; true if it names nobody."""

    names: set[tuple[str, str]]

    def __call__(self, tree: Tree) -> bool:
        return not self.names or not self.names.isdisjoint(makers(tree).items())


# --- annotations -------------------------------------------------------------------------------------


def missing_values(body: Any) -> list[str]:
    """Return where a concept of a request has no ``value`` and needs one.

    It needs none where it is only named to be removed. A body that is nested too deep to be parsed says nothing.
    """
    if isinstance(body, dict) and body.get("action") == "remove":
        return []
    try:
        check_depth(body)
    except Refused:
        return []
    return [describe(body, place) for place, concept in find_concepts(body) if has_no_value(concept)]


def asked_annotations(call: Call) -> list[Tree]:
    """Return the annotations of a body: 1 to 128, of the right shape."""
    asked = call.body.get("annotations")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_ANNOTATIONS:
        raise invalid(f"annotations must be a list of 1 to {MAX_ANNOTATIONS}")
    call.check_polarities()
    call.check_values()
    for index, tree in enumerate(asked):
        check_annotation(tree, f"annotations[{index}]")
    return asked


def check_annotation(tree: Any, place: str) -> None:
    """Refuse what cannot be parsed into a message, as a parser of protobuf's JSON does: the request as a whole."""
    if not isinstance(tree, dict):
        raise malformed(f"{place} is no object")
    for key, shape in SHAPES.items():
        if tree.get(key) is not None and not isinstance(tree[key], shape):
            raise malformed(f"{place}.{key} is no {WORDS[shape]}")
    code = (tree.get("status") or {}).get("code")
    if code not in (None, 0, ""):
        status_code(code, f"{place}.status.code")
    try:
        read(Annotation, without_nulls(tree))
    except ValidationError as broken:
        detail = broken.errors(include_url=False, include_input=False)[0]
        raise malformed(f"{place}.{place_of(detail['loc'])}: {detail['msg']}") from None
    _check_visibilities(tree, place)


def _check_visibilities(value: Any, place: str) -> None:
    """Refuse a name that the API's enum does not have; a number may be of a later version."""
    if isinstance(value, list):
        for item in value:
            _check_visibilities(item, place)
    if isinstance(value, dict):
        name = value.get("visibility")
        if isinstance(name, str) and name not in Visibility.__members__:
            raise malformed(f"{place}: there is no visibility {name!r}")
        for key, item in value.items():
            if key not in FREE_JSON:
                _check_visibilities(item, place)
