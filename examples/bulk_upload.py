"""How do I upload many annotations, see how it goes, and learn what failed?

    python examples/bulk_upload.py                 made-up rows, to an emulator on which 3 of 10 requests fail
    python examples/bulk_upload.py labels.jsonl    a file, to your app; each line is one annotation:

{"input_id": "53d0362a", "data": {"concepts": [{"id": "tree", "value": 1}, {"id": "water", "value": 0}]}}
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clarifai_http_annotations import Client, UploadReport
from clarifai_http_annotations.testing import Emulator, Faults


def made_up() -> Iterator[dict[str, Any]]:
    for number in range(5000):
        concepts = [{"id": "tree", "value": 1 - number % 2}, {"id": "water", "value": 0}]
        yield {"input_id": f"image-{number}", "data": {"concepts": concepts}}
    yield {"input_id": "image-0", "data": {"concepts": [{"id": "tree"}]}}  # present, or absent? It is not sent.


def read(path: str) -> Iterator[dict[str, Any]]:
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def show(report: UploadReport) -> None:
    if sys.stderr.isatty():
        print(f"\r{report.confirmed:,} done, {report.problems:,} problems ", end="", file=sys.stderr, flush=True)


if len(sys.argv) > 1:
    client, rows = Client(), read(sys.argv[1])
else:
    print("No file is given: this runs on the embedded emulator.")
    client, rows = Emulator(faults=Faults.seeded(1)).client(), made_up()

with client:
    report = client.upload(rows, on_progress=show)
print(report)
