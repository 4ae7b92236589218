"""``list``, ``get``, ``search``, ``flip``, ``delete``: what is in the app."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar, get_args

import click

from .._wire.encode import to_tree
from .._wire.guard import find_concepts, place_of
from .._wire.received import state_of
from ..errors import InvalidRequestError, NotFoundError
from ..models.annotation import Annotation
from ..models.concept import Concept, negative, positive
from ..models.search import Filter, Kind
from ._running import command, connect, of_app, of_inputs
from ._screen import API, OK, Screen

Command = TypeVar("Command", bound=Callable[..., Any])

limit = click.option("--limit", type=click.IntRange(1), help="At most so many.")
of_input = click.option("--input-id", metavar="INPUT", required=True, help="The input that it is about.")


@click.command(
    "list",
    epilog="Example: clarifai-annotations list --input-id 53d0362a --json",
    short_help="List what is in the app.",
)
@of_app
@of_inputs
@limit
@command
def list_(screen: Screen, input_ids: Sequence[str], limit: int | None, **app: Any) -> int:
    """List the annotations of the app, or of inputs: input, annotation, and what is present (+) and absent (-)."""
    with connect(**app) as client:
        show_all(
            screen, islice(client.list(input_ids=input_ids or None, per_page=1000 if limit is None else 128), limit)
        )
    return OK


@click.command(epilog="Example: clarifai-annotations get 6a5b0e --input-id 53d0362a", short_help="Show one annotation.")
@click.argument("annotation_id")
@of_input
@of_app
@command
def get(screen: Screen, annotation_id: str, input_id: str, **app: Any) -> int:
    """Show an annotation."""
    with connect(**app) as client:
        show_all(screen, [client.get(annotation_id, input_id=input_id)])
    return OK


@click.command(
    epilog="Example: clarifai-annotations search --positive tree --negative water",
    short_help="Find annotations by what they say.",
)
@of_app
@click.option("--positive", "present", metavar="CONCEPT", multiple=True, help="It says that this is present.")
@click.option("--negative", "absent", metavar="CONCEPT", multiple=True, help="It says that this is absent.")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="What it is about.")
@click.option("--input-id", metavar="INPUT", help="Its input.")
@click.option("--status", metavar="STATUS", help="Its state, such as ANNOTATION_PENDING.")
@limit
@command
def search(
    screen: Screen,
    present: Sequence[str],
    absent: Sequence[str],
    kind: Kind | None,
    input_id: str | None,
    status: str | None,
    limit: int | None,
    **app: Any,
) -> int:
    """Find annotations that say all of this, each by itself."""
    filters: list[Filter | Concept] = [*map(positive, present), *map(negative, absent)]
    said: dict[str, Any] = {"kind": kind, "input_id": input_id, "status": status}
    if said := {name: value for name, value in said.items() if value is not None}:
        filters.append(Filter(**said))
    if not filters:
        raise click.UsageError("say what to find: --positive, --negative, --kind, --input-id or --status")
    with connect(**app) as client:
        show_all(screen, (hit.annotation for hit in islice(client.search(*filters), limit)))
    return OK


@click.command(
    epilog="Example: clarifai-annotations flip 6a5b0e tree --input-id 53d0362a --to negative",
    short_help="Turn a label of an annotation around.",
)
@click.argument("annotation_id")
@click.argument("concept_id")
@of_input
@click.option("--to", type=click.Choice(["positive", "negative"]), help="What it is to be; otherwise what it is not.")
@of_app
@command
def flip(screen: Screen, annotation_id: str, concept_id: str, input_id: str, to: str | None, **app: Any) -> int:
    """Make CONCEPT_ID of an annotation negative if it is positive, and the other way round."""
    with connect(**app) as client:
        if to is None:
            stored = client.get(annotation_id, input_id=input_id)
            values = {concept.value for _, concept in stored.each_concept() if concept.id == concept_id}
            if len(values) != 1:
                what = "is there with both polarities" if values else "is not in it"
                raise InvalidRequestError(
                    f"{annotation_id!r} cannot be flipped: {concept_id!r} {what}; it says {said_by(stored)}.",
                    hint="Say --to positive or --to negative." if values else None,
                )
            value = 0.0 if values.pop() >= 0.5 else 1.0
        else:
            value = 1.0 if to == "positive" else 0.0
        changed = client.set_value(annotation_id, input_id=input_id, concept_id=concept_id, value=value)
        show_all(screen, [changed])
    return OK


@click.command(
    epilog="Example: clarifai-annotations delete 6a5b0e 7b6c1f --input-id 53d0362a",
    short_help="Delete annotations of an input.",
)
@click.argument("annotation_ids", nargs=-1, required=True)
@of_input
@click.option("--yes", is_flag=True, help="Do not ask.")
@of_app
@command
def delete(screen: Screen, annotation_ids: Sequence[str], input_id: str, yes: bool, **app: Any) -> int:
    """Delete annotations of one input, after showing them and asking.

    An input-level annotation is deleted with its input only: it is skipped.
    """
    with connect(**app) as client:
        if not yes and (screen.as_json or not sys.stdin.isatty()):
            raise click.UsageError("there is nobody to ask: say --yes to delete")
        ids, found = dict.fromkeys(annotation_ids), []
        for annotation_id in ids:
            try:
                found.append(client.get(annotation_id, input_id=input_id))
            except NotFoundError as error:
                screen.error(f"{annotation_id} was not deleted: {error}")
        if not yes:
            show_all(screen, found)
            if not found or not click.confirm(f"Delete {len(found)} of input {input_id!r}?", err=True):
                screen.notice("Nothing was deleted.")
                return OK if len(found) == len(ids) else API
        deleted = 0
        for annotation in found:
            if client.delete_many(annotation).skipped:
                screen.object("skipped", input_id=input_id, id=annotation.id)
                screen.error(f"{annotation.id} was not deleted: it is input-level, and goes with its input only")
                continue
            deleted += 1
            screen.object("deleted", input_id=input_id, id=annotation.id)
            screen.say(f"deleted {annotation.id}")
    return OK if deleted == len(ids) else API


def tree_of(annotation: Annotation) -> dict[str, Any]:
    """Return the JSON of an annotation of an answer, with what this version does not know of.

    What tells that it is of an answer is in it, so that what is printed is read as one that was saved.
    """
    tree: dict[str, Any] = to_tree(annotation, "keep")
    for _, concept in find_concepts(tree):
        concept.setdefault("value", 1.0)  # what HTTP means by an answer without it
    if annotation.input_level:
        tree["input_level"] = True
    if (state := state_of(annotation)) is not None:
        tree["status"] = state
    if annotation.created_at is not None:
        tree["created_at"] = annotation.created_at.isoformat()
    return tree


def lacking(tree: dict[str, Any]) -> str:
    """Return what is not there of an annotation of an answer without which nobody knows what it is about."""
    names = [name for name in ("id", "input_id") if not tree.get(name)]
    names += [f"{place_of(path)}.id" for path, concept in find_concepts(tree) if not concept.get("id")]
    return ", ".join(names)


def show_all(screen: Screen, annotations: Iterable[Annotation]) -> None:
    """Print annotations, a line each."""
    for annotation in annotations:
        screen.object("annotation", annotation=tree_of(annotation))
        screen.say(f"{annotation.input_id}  {annotation.id}  {said_by(annotation)}")


def said_by(annotation: Annotation) -> str:
    """Return what an annotation says in a few words: ``+tree -water (bounding_box)``."""
    words = [f"{'+' if concept.value >= 0.5 else '-'}{concept.id}" for _, concept in annotation.each_concept()]
    for _, region in annotation.each_region():
        info = region.region_info
        words += [f"({name})" for name in (info.model_fields_set if info is not None else ()) if getattr(info, name)]
    words = words or ["nothing"]
    return " ".join([*words, "[input-level]"] if annotation.input_level else words)
