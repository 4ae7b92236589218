"""The emulator's own routes, by which a program in any language sets faults and sees what is stored.

They lie under ``/emulator`` and are none of Clarifai's: they need no key, meet no fault, wait for no latency,
and do not count. What they answer is plain JSON; a refusal is ``{"error": ...}`` in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from .._wire.guard import place_of
from ._answers import Answer
from ._faults import CATALOGUE, Fault
from ._schedule import TRANSIENT, Faults
from ._storing import Tree, find_concepts

if TYPE_CHECKING:
    from ._emulator import Emulator

HOW_TO_SAY_FAULTS = (
    'Say {"script": [names, or null for none]} or {"seed": number, "share": 0 to 1, "kinds": [names]},'
    ' with "methods": [HTTP methods] if others are to succeed.'
)

Method = Literal["GET", "POST", "PATCH", "DELETE"]


class _Asked(BaseModel, extra="forbid", strict=True):
    methods: list[Method] | None = None


class _Script(_Asked):
    script: list[str | None]

    def faults(self) -> Faults:
        return Faults(self.script, methods=self.methods)


class _Chance(_Asked):
    seed: int
    share: float = Field(0.3, ge=0, le=1)
    kinds: list[str] = Field([fault.name for fault in TRANSIENT], min_length=1)

    def faults(self) -> Faults:
        return Faults.seeded(self.seed, share=self.share, kinds=self.kinds, methods=self.methods)


def read_faults(body: Any) -> Faults:
    """Return the faults that a body asks for.

    Raises:
        ValueError: If it asks for none; one sentence, which says what there is.
    """
    if not isinstance(body, dict):
        raise ValueError(f"the body is no JSON object. {HOW_TO_SAY_FAULTS}")
    kind = _Chance if "seed" in body else _Script
    try:
        return kind.model_validate(body).faults()
    except ValidationError as broken:
        detail = broken.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{place_of(detail['loc'])}: {detail['msg']}. {HOW_TO_SAY_FAULTS}") from None


def _list_faults(emulator: Emulator, _: Any) -> Tree:
    catalogue = [{key: value for key, value in asdict(fault).items() if value} for fault in CATALOGUE]
    return {**_pending(emulator), "met": _names(emulator.faults.met), "catalogue": catalogue}


def _set_faults(emulator: Emulator, body: Any) -> Tree:
    emulator.faults = read_faults(body)
    return _pending(emulator)


def _clear_faults(emulator: Emulator, _: Any) -> Tree:
    emulator.faults = Faults()
    return _pending(emulator)


def _labels(emulator: Emulator, _: Any) -> Tree:
    """Show every concept of every annotation and track, and which came without a value."""
    labels = [
        {**whose, "concept_id": concept.get("id"), "value": concept["value"]}
        for whose, tree in emulator._everything()
        for _, concept in find_concepts(tree)
    ]
    return {"labels": labels, "missing_values": list(emulator.missing_values)}


def _reset(emulator: Emulator, _: Any) -> Tree:
    emulator.reset()
    return {}


def _pending(emulator: Emulator) -> Tree:
    """Show what is to go wrong: null if that shows only as it comes."""
    pending = emulator.faults.pending
    return {"pending": None if pending is None else _names(pending)}


def _names(faults: list[Fault | None]) -> list[str | None]:
    return [None if fault is None else fault.name for fault in faults]


ROUTES: dict[str, dict[str, Callable[[Emulator, Any], Tree]]] = {
    "/emulator/faults": {"GET": _list_faults, "POST": _set_faults, "DELETE": _clear_faults},
    "/emulator/labels": {"GET": _labels},
    "/emulator/reset": {"POST": _reset},
}
"""What answers, by path and by method."""


def is_admin(path: str) -> bool:
    """Tell whether a path is one of the emulator's own; before ``/v2`` the same words would be a gateway's."""
    return path.startswith("/emulator/") and "/v2/" not in path


def administer(emulator: Emulator, method: str, path: str, body: Any) -> Answer:
    """Answer a request to the emulator itself."""
    if path not in ROUTES:
        return 404, {"error": f"there is no {path}, but {', '.join(ROUTES)}"}
    if method not in ROUTES[path]:
        return 405, {"error": f"{path} takes {', '.join(ROUTES[path])}, not {method}"}
    try:
        return 200, ROUTES[path][method](emulator, body)
    except ValueError as wrong:
        return 400, {"error": str(wrong)}
