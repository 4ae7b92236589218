"""How do I go on with an upload that was interrupted, without asking the server for all of it again?

A journal keeps what is confirmed. It is one file for one server, user and app; delete it when all is done.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clarifai_http_annotations import UploadReport
from clarifai_http_annotations.testing import Emulator


def rows(*, interrupted: bool = False) -> Iterator[dict[str, Any]]:
    for number in range(2000):
        if interrupted and number == 1500:
            raise KeyboardInterrupt  # as if somebody pressed Ctrl-C
        yield {"input_id": f"image-{number}", "data": {"concepts": [{"id": "tree", "value": number % 2}]}}


print("This always runs on the embedded emulator: its inputs are made up.")
emulator = Emulator()
with emulator.client() as client, tempfile.TemporaryDirectory() as folder:
    journal = Path(folder) / "upload.journal"

    report = UploadReport()  # one of your own is filled while the upload goes on
    try:
        client.upload(rows(interrupted=True), journal=journal, report=report)
    except KeyboardInterrupt:
        print(f"interrupted: {report.taken:,} taken; the journal knows what is confirmed")

    again = client.upload(rows(), journal=journal)
    print(f"again: all of {again.taken:,} are there: {again.is_complete}")
    print(f"only the rest was sent: {0 < again.skipped == again.taken - again.stored - again.already_there}")
    print(f"in the app: {len(emulator.annotations):,}")
