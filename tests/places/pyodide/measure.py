"""How long it takes to boot Pyodide, to import the library, and to create one annotation over loopback.

$ python -m tests.places.pyodide.measure FOLDER    # the folder that `prepare.py` made
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from clarifai_http_annotations.testing import Emulator, serve

from .conftest import SWITCHING, started

TIMES = 3
CALLS = 100


def main(home: Path) -> None:
    """Print a line for each engine and client: medians, in milliseconds."""
    for flags, kinds in (((), ["async"]), ((SWITCHING,), ["async", "sync"])):
        for kind in kinds:
            found: dict[str, list[float]] = {}
            for _ in range(TIMES):
                with serve(Emulator()) as server, started(home, *flags) as run:
                    took = {**vars(run)["took"]}
                    took["first create"], *others = run("milliseconds", kind=kind, url=server.url, count=CALLS)
                    took["create"] = median(others)
                for name, ms in took.items():
                    found.setdefault(name, []).append(ms)
            said = ", ".join(f"{name} {median(ms):.0f}" for name, ms in found.items())
            print(f"{kind:<6}{' '.join(flags) or 'node as it is'}: {said}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
