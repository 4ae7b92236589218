"""A CSV of many rows through ``check`` and ``upload``: rows a second beside a bare csv loop, and peak memory.

    python tests/benchmarks/label_csv.py [--rows 1000000] [--smoke]

Each program runs in a process of its own, one after the other, over the same file, and over its first tenth, whose
peak shows what grows with the rows. The emulator, without a rate limit, is a process beside them on the same machine,
so what ``upload`` shows is the two together.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BARE = """
import csv, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    print(sum(1 for row in csv.reader(file)))
"""

READ = """
import sys
from clarifai_http_annotations.labels import read_labels
print(sum(1 for label in read_labels(sys.argv[1])))
"""

COMMAND = "from clarifai_http_annotations.cli import main; main()"


def write(path: Path, rows: int) -> Path:
    """Write a table: ten concepts of each input, a third of them absent."""
    with path.open("w", encoding="utf-8") as file:
        file.write("input_id,label,value\n")
        file.writelines(f"input-{row // 10},concept-{row % 10},{int(row % 3 > 0)}\n" for row in range(rows))
    return path


@contextmanager
def emulator() -> Iterator[dict[str, str]]:
    """Run an emulator; yield the settings of a client."""
    command = [sys.executable, "-m", "clarifai_http_annotations.testing", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield {"CLARIFAI_API_BASE": url, "CLARIFAI_PAT": "emulator-key", "CLARIFAI_APP_ID": "app"}
    finally:
        process.kill()
        process.communicate()


def run(code: str, *arguments: object, environ: dict[str, str]) -> tuple[float, float]:
    """Run a program; return its seconds and its peak in MB."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with open(os.devnull, "w") as nothing:  # noqa: PTH123 # no path
        process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=nothing, stderr=nothing)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return time.perf_counter() - begin, used.ru_maxrss / 1024


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("--rows", type=int, default=1_000_000)
    told.add_argument("--smoke", action="store_true")
    options = told.parse_args()
    rows = 50_000 if options.smoke else options.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, few = write(folder / "many.csv", rows), write(folder / "few.csv", rows // 10)
        upload = ("upload", "--rate", "1000000", "--fresh", "--failures", folder / "failures.jsonl")
        programs: list[tuple[str, str, tuple[object, ...]]] = [
            ("bare csv loop", BARE, ()),
            ("read_labels", READ, ()),
            ("check", COMMAND, ("check",)),
            ("upload", COMMAND, upload),
        ]
        print(f"{rows:,} rows; memory beside that of a tenth of them")
        print(f"{'':<16}{'s':>8}{'rows/s':>12}{'MB':>8}{'more MB':>10}{'of bare':>10}")
        bare = 0.0
        for title, code, arguments in programs:
            with emulator() as settings:
                environ = {**settings, "XDG_STATE_HOME": name}
                _, before = run(code, *arguments, few, environ=environ)
                seconds, peak = run(code, *arguments, many, environ=environ)
            bare = bare or seconds
            numbers = f"{seconds:>8.2f}{rows / seconds:>12,.0f}{peak:>8.1f}{peak - before:>10.1f}"
            print(f"{title:<16}{numbers}{seconds / bare:>9.1f}x", flush=True)


if __name__ == "__main__":
    main()
