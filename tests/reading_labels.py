"""A file of labels that a test writes and reads: what is in it, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from clarifai_http_annotations._wire.guard import find_concepts
from clarifai_http_annotations.labels import Problem, read_labels

NAME = "labels"
"""What files are called in places, here without their folder."""


class Found(NamedTuple):
    """What was read."""

    annotations: list[dict[str, Any]]
    places: list[str]
    problems: list[str]

    @property
    def polarities(self) -> list[tuple[str, str, float]]:
        """Input, concept and value of each concept."""
        return [
            (annotation["input_id"], concept["id"], concept["value"])
            for annotation in self.annotations
            for _, concept in find_concepts(annotation)
        ]


def read(folder: Path, content: str | bytes, **options: Any) -> Found:
    """Write a file, and read it to its end."""
    path = folder / NAME
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_path(path, **options)


def read_path(path: Path, **options: Any) -> Found:
    """Read a file to its end."""
    problems: list[Problem] = []
    labels = list(read_labels(path, on_problem=problems.append, **options))
    return Found(
        [label.annotation for label in labels],
        [label.place.replace(str(path), NAME) for label in labels],
        [str(problem).replace(str(path), NAME) for problem in problems],
    )


def refusal(folder: Path, content: str | bytes, **options: Any) -> str:
    """Return the one problem of a file that has nothing to read but that."""
    found = read(folder, content, **options)
    assert found.annotations == []
    [problem] = found.problems
    return problem
