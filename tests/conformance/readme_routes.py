"""The README's table of routes: what Clarifai's descriptors say there is, and which operation of ours asks it.

    python tests/conformance/readme_routes.py        # writes it into README.md

Both columns are found, not written: the routes in the descriptors, the operations by calling each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from left_out import NOT_HERE
from official import Rpc, rpcs
from tour import tour

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- routes: written by tests/conformance/readme_routes.py -->\n", "<!-- end of routes -->\n"


def table() -> str:
    """Return the table, and below it what is not here."""
    asking = {name: {rpc for rpc, _ in asked} for name, asked in tour().items()}
    rows = [
        f"| {_routes(rpc)} | `{rpc.name}` | {_listed(name for name, asked in asking.items() if rpc.name in asked)} |"
        for rpc in rpcs().values()
        if rpc.name not in NOT_HERE
    ]
    reasons = dict.fromkeys(NOT_HERE.values())
    left_out = "; ".join(
        f"{reason} ({_listed(name for name, why in NOT_HERE.items() if why == reason)})" for reason in reasons
    )
    head = ["| route | Clarifai's name for it | asked by |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows, "", f"Not here: {left_out}.", ""])


def _routes(rpc: Rpc) -> str:
    return " or ".join(f"`{verb} /{path}`" for verb, path in sorted(rpc.routes))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def in_readme() -> str:
    """Return what stands in the README."""
    return README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip("\n") + "\n"


def write() -> None:
    """Put the table into the README, in place of what stands there."""
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"{README} has no line {BEGIN}"
    assert end, f"{README} has no line {END}"
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
