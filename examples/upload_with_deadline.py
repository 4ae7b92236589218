"""How do I upload as much as fits into the time that I have, such as what is left of a function's timeout?

`deadline=` is seconds for the whole upload. It stops in time, and says what became of everything that
it took; what it did not take is still in the iterator.
"""

import time
from collections.abc import Iterator
from typing import Any

from clarifai_http_annotations.testing import Emulator


def rows() -> Iterator[dict[str, Any]]:
    for number in range(1_000_000):
        yield {"input_id": f"image-{number}", "data": {"concepts": [{"id": "tree", "value": number % 2}]}}


print("This always runs on the embedded emulator: its inputs are made up.")
with Emulator().client(rate=15) as client:
    left = rows()
    began = time.monotonic()
    report = client.upload(left, deadline=2)
    print(f"in time: {time.monotonic() - began <= 2.5}")
    print(f"stopped: {report.stopped}")
    print(f"some are stored: {report.stored > 0}, there is more: {not report.exhausted}")

    unfinished = [failure.annotation for failure in report.failures]  # taken, and not known to be stored
    print(f"each that was taken is accounted for: {report.stored + len(unfinished) == report.taken}")
    print(f"the next one is {next(left)['input_id'] == f'image-{report.taken}' and 'the first that was not taken'}")
