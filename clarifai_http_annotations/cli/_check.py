"""``check`` and ``stats``: what files, or the app, say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from .._wire.guard import find_concepts
from ..labels._label import Reading
from ..labels._spool import Spool
from ..labels._tally import Count, Tally
from ..models.annotation import Annotation
from ._files import Files, named, of_files
from ._running import command, connect, expected_app, named_app, of_app
from ._screen import OK, PROBLEMS, SHOWN, Screen, levels, number
from ._stored import lacking, tree_of

BAR = 24
"""Letters of a bar."""


@click.command(
    epilog="Example: clarifai-annotations check train.csv boxes.json",
    short_help="Say what would be sent, and every problem.",
)
@named_app
@of_files
@command
def check(screen: Screen, files: Sequence[Path], user_id: str | None, app_id: str | None, **given: Any) -> int:
    """Say what would be sent, and every problem with its place; nothing is sent.

    FILES are JSON Lines, JSON (such as a body for curl), CSV, TSV, Open Images, COCO or LVIS; - is the standard input.
    Ends with 1 if there is a problem. The app is compared with what a body in a file says that it is for.
    """
    with Tally() as tally, Files(screen, files, given, expected_app(user_id, app_id)) as read:
        counted(screen, read, tally)
        show_concepts(screen, tally)
        show_summary(screen, tally, read.problems, read.reading)
    return PROBLEMS if read.problems else OK


def counted(screen: Screen, files: Files, tally: Tally, spool: Spool | None = None) -> None:
    """Read files with something that moves, count and keep what is in them, and say what is wrong."""
    with Progress(
        SpinnerColumn(),
        TextColumn("reading: {task.completed:,.0f} annotations"),
        TimeElapsedColumn(),
        console=screen.err,
        disable=not screen.is_live,
        transient=True,
    ) as progress:
        task = progress.add_task("")
        files.count(tally, lambda count: progress.update(task, completed=count), spool)
    files.say_more()


@click.command(
    epilog="Example: clarifai-annotations stats train.csv. Without FILES: of the app.",
    short_help="Show the balance of positives and negatives.",
)
@of_app
@partial(of_files, required=False)
@command
def stats(
    screen: Screen, files: Sequence[Path], user_id: str | None, app_id: str | None, base_url: str | None, **given: Any
) -> int:
    """Show how often each concept is present and absent, in FILES or, without any, in the app.

    A concept that is never absent is pointed out: a model learns from both. A conflict is an input that is said
    to have a concept and not to have it. The labels that came with an input are counted like others.
    """
    problems: int | None = None
    with Tally() as tally:
        if files:
            with Files(screen, files, given, expected_app(user_id, app_id)) as read:
                counted(screen, read, tally)
                problems, reading = read.problems, read.reading
        else:
            reading = Reading()
            with connect(user_id, app_id, base_url) as client:
                for annotation in client.list(per_page=1000):
                    tree = tree_of(annotation)
                    reading.input_level += annotation.input_level is True
                    if annotation.input_level and next(find_concepts(tree), None) is None:
                        reading.without_labels += 1
                    elif lack := lacking(tree):
                        problems = (problems or 0) + 1
                        _say_uncounted(screen, annotation, lack, problems)
                    else:
                        tally.add(tree, f"annotation {annotation.id}")
            for conflict in tally.conflicts():
                screen.object("conflict", **conflict._asdict())
        show_concepts(screen, tally)
        show_summary(screen, tally, problems, reading)
        never = sorted(name for name, count in tally.concepts.items() if not count.negatives and not count.absent_parts)
        if never:
            shown = ", ".join(named(name) for name in never[:10]) + (
                f" and {len(never) - 10:,} more" if len(never) > 10 else ""
            )
            screen.say(f"Without any negative, from which a model learns badly what is not: {shown}", "yellow")
    return PROBLEMS if problems else OK


def _say_uncounted(screen: Screen, annotation: Annotation, lack: str, problems: int) -> None:
    place = f"annotation {annotation.id!r} of input {annotation.input_id!r}"
    message = f"came without {lack}, and is not counted"
    screen.object("problem", place=place, message=message)
    if problems <= SHOWN and not screen.as_json:
        screen.error(f"{place}: {message}")


def show_concepts(screen: Screen, tally: Tally) -> None:
    """Print the counts of each concept, the most frequent first."""
    rows = sorted(tally.concepts.items(), key=lambda item: (-_total(item[1]), item[0]))
    for name, count in rows:
        screen.object("concept", id=name, **asdict(count))
    if screen.as_json or not rows:
        return
    most = _total(rows[0][1])
    limit = len(rows) if not screen.is_live or len(rows) <= 50 else 40
    columns = ["concept", "positive", "negative", "in parts", "absent in parts", "conflicts", ""]
    screen.table(columns, [_row(name, count, most) for name, count in rows[:limit]])
    if len(rows) > limit:
        screen.say(f"... and {len(rows) - limit:,} more concepts")


def show_summary(screen: Screen, tally: Tally, problems: int | None, reading: Reading) -> None:
    """Print what all of it comes to; of what is stored nobody says whether it has problems."""
    counts = [asdict(count) for count in tally.concepts.values()]
    total = {field.name: sum(count[field.name] for count in counts) for field in fields(Count)}
    inputs, repeated = tally.inputs, tally.repeated
    screen.object(
        "summary",
        inputs=inputs,
        annotations=tally.annotations,
        repeated=repeated,
        concepts=len(counts),
        **total,
        input_level=reading.input_level,
        without_labels=reading.without_labels,
        fields_left_out=reading.fields_left_out,
        problems=problems,
    )
    of = f"{number(tally.annotations, 'annotation')} of {number(inputs, 'input')}, {number(len(counts), 'concept')}"
    screen.say(of + (f"; {repeated:,} repeated" if repeated else ""))
    absent = f", {total['absent_parts']:,} absent from parts" if total["absent_parts"] else ""
    said = f"{total['positives']:,} positive, {total['negatives']:,} negative"
    screen.say(f"{said}; {total['parts']:,} in parts of an input{absent}")
    for text in levels(reading.input_level, reading.without_labels, reading.fields_left_out):
        screen.say(text)
    if problems:
        screen.say(number(problems, "problem"), "bold red")
    elif problems is not None:
        screen.say("no problems", "green")


def _total(count: Count) -> int:
    return count.positives + count.negatives + count.parts + count.absent_parts


def _row(name: str, count: Count, most: int) -> list[str]:
    present, absent = count.positives + count.parts, count.negatives + count.absent_parts
    plus, minus = (round(BAR * number / most) for number in (present, absent))
    bar = f"[green]{'█' * plus}[/][red]{'░' * minus}[/]"
    return [named(name), *(f"{number:,}" if number else "" for number in asdict(count).values()), bar]
