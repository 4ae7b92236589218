"""What a document of JSON is: annotations, a request or an answer that holds some, or one that does not.

Rules:

1. An annotation, a list of them, a body of POST, an answer, and an answer of a search of annotations are read; a list
   may hold any of these.
2. A body of PATCH is one of POST with an ``action``: read as such, what it takes out would be added. It is refused.
3. ``user_app_id`` says which app a body is for. One that is not known to be the app that is meant is refused: its
   annotations would be stored in another one.
4. What holds no annotations, or holds two things of which one would be lost, is refused by its name, with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import InvalidRequestError

GIVE_CONTENT = "Give the content of a file (path.read_text()): an annotation, a list of them, or a request or answer."

HOLDERS = ("annotations", "annotation", "hits")
"""Keys of a request or an answer under which there are annotations."""

_OF_INPUTS = (
    "This is a body or an answer of the route of inputs, and holds no annotations: add the inputs first; what the "
    'concepts of one say is read as {"input_id": ..., "data": {"concepts": [...]}}.'
)

OTHERS = {
    "annotation_tracks": "This holds tracks of a video (annotation_tracks): create_tracks() and patch_tracks() of a "
    "client take them.",
    "inputs": _OF_INPUTS,
    "input": _OF_INPUTS,
    "input_ids": "This is a body of DELETE (input_ids): it names what is to go, and holds no annotations. "
    "delete_many(ids=, input_ids=) of a client carries it out.",
    "ids": "This is a body of DELETE (ids): it names what is to go, and holds no annotations. delete_many(ids=, "
    "input_ids=) of a client carries it out.",
    "searches": "This is a search (searches), and holds no annotations: search() of a client carries it out.",
}
"""What a request or an answer is that has a key and no annotations."""

PATCH = ("action", "delete_if_empty_data")
"""Keys that only a body of PATCH has."""

CAMEL_CASE = ("userAppId", "deleteIfEmptyData", "annotationTracks", "inputIds")
"""The same as protobuf prints them by default."""

KEYS = frozenset((*HOLDERS, *OTHERS, *PATCH, *CAMEL_CASE, "user_app_id"))
"""Keys of requests and answers which an annotation does not have."""


class ExpectedApp(NamedTuple):
    """The app that annotations are meant for; ``None`` for what nobody said.

    ``"me"`` is the owner of the key, whose name is not known here, so it may be any user.
    """

    user_id: str | None = None
    app_id: str | None = None


class Found(NamedTuple):
    """What should be an annotation, and its place in the document."""

    place: str
    tree: Any


def annotations_in(tree: Any, expected: ExpectedApp) -> list[Found]:
    """Return what should be annotations: of a list, a request or an answer, or the one that it is.

    Raises:
        InvalidRequestError: If it is none of these, or must not be read as one of them.
    """
    if isinstance(tree, dict):
        return list(_in_object(tree, "", expected))
    if not isinstance(tree, list):
        raise InvalidRequestError(f"There are no annotations in a {type(tree).__name__}.", hint=GIVE_CONTENT)
    found: list[Found] = []
    for index, item in enumerate(tree):
        is_body = isinstance(item, dict) and not item.keys().isdisjoint(KEYS)
        found += _in_object(item, f"[{index}]", expected) if is_body else [Found(f"annotations[{index}]", item)]
    return found


def _in_object(tree: dict[str, Any], place: str, expected: ExpectedApp) -> Iterator[Found]:
    if tree.keys().isdisjoint(KEYS):
        yield Found("annotations[0]", tree)
        return
    _check(tree, place, expected)
    dot = f"{place}." if place else ""
    holders = [key for key in HOLDERS if tree.get(key) is not None]
    beside = {"input"} if "annotation" in holders else {"searches"} if "hits" in holders else set()  # as in an answer
    others = [key for key in OTHERS if tree.get(key) is not None and key not in beside]
    if len(holders) + (len(others) if holders else 0) > 1:
        both = " and ".join(holders + others)
        raise _refused(place, f"This has {both}, of which one would be lost: take them apart.")
    match holders:
        case ["annotations"] if isinstance(tree["annotations"], list):
            for index, item in enumerate(tree["annotations"]):
                name = f"{dot}annotations[{index}]"
                _check_part(item, name, expected)
                yield Found(name, item)
        case ["annotation"]:
            _check_part(tree["annotation"], f"{dot}annotation", expected)
            yield Found(f"{dot}annotation" if place else "annotations[0]", tree["annotation"])
        case ["hits"] if isinstance(tree["hits"], list):
            for index, hit in enumerate(tree["hits"]):
                if not isinstance(hit, dict) or not isinstance(hit.get("annotation"), dict):
                    why = "has no annotation, as in an answer of a search of inputs: a search of annotations gives them"
                    raise _refused("", f"{dot}hits[{index}] {why}.")
                _check_part(hit, f"{dot}hits[{index}]", expected)
                _check_part(hit["annotation"], f"{dot}hits[{index}].annotation", expected)
                yield Found(f"{dot}hits[{index}].annotation", hit["annotation"])
        case _ if others and "data" not in tree:
            raise _refused(place, OTHERS[others[0]])
        case _:
            yield Found(place or "annotations[0]", tree)


def _check_part(part: Any, place: str, expected: ExpectedApp) -> None:
    """Look at what stands in a request or an answer as at the whole of it."""
    if isinstance(part, dict) and not part.keys().isdisjoint(KEYS):
        _check(part, place, expected)


def _check(tree: dict[str, Any], place: str, expected: ExpectedApp) -> None:
    """Refuse what must not be read as annotations for the app that is meant.

    Raises:
        InvalidRequestError: If it is a body of PATCH, for another app, or for one that nobody named.
    """
    if camel := next((key for key in CAMEL_CASE if key in tree), None):
        raise _refused(
            place,
            f"This has names in camelCase ({camel}), as protobuf prints them by default. "
            "Print it with preserving_proto_field_name=True: the API's names are like input_id.",
        )
    if key := next((key for key in PATCH if key in tree), None):
        raise _refused(
            place,
            f"This is a body of PATCH ({key}: {tree[key]!r:.40}), and would be read as one of POST: what it changes or "
            f"takes out would be added. patch() of a client carries it out. Take {key!r} out if its annotations are to "
            "be added.",
        )
    whose = tree.get("user_app_id")
    if whose is None:
        return
    if not isinstance(whose, dict) or whose.keys() - {"user_id", "app_id"}:
        raise _refused(place, f"Its user_app_id is no object with a user_id and an app_id, but {whose!r:.40}.")
    _check_app(whose.get("user_id"), whose.get("app_id"), place, expected)


def _check_app(user_id: Any, app_id: Any, place: str, expected: ExpectedApp) -> None:
    is_unknown = (app_id and not expected.app_id) or (user_id and not any(expected))
    is_other_user = user_id and expected.user_id and user_id != expected.user_id and "me" not in (user_id, expected[0])
    if is_unknown:
        raise _refused(
            place,
            f"Its user_app_id says that it is for {_named(user_id, app_id)}, and nobody said which app is meant: say "
            "it, with --user-id and --app-id (user_id=, app_id=), or take user_app_id out.",
        )
    if is_other_user or (app_id and app_id != expected.app_id):
        raise _refused(
            place,
            f"Its user_app_id says that it is for {_named(user_id, app_id)}, and {_named(*expected)} is meant: store "
            "it there, or take user_app_id out if it is to be stored here.",
        )


def _named(user_id: Any, app_id: Any) -> str:
    of = f"user {user_id!r}"
    return of if not app_id else f"the app {app_id!r}" + (f" of {of}" if user_id else "")


def _refused(place: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"{place}: {why}" if place else why)
