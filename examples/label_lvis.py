"""Post the labels of an LVIS file, what is present and what a person found absent, and count what is stored.

As it is, `python examples/label_lvis.py [FILE]` runs on the embedded emulator. To run it on Clarifai, set CLARIFAI_PAT,
CLARIFAI_USER_ID and CLARIFAI_APP_ID, and add the images to that app with their ids in the file as input ids.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from clarifai_http_annotations import Annotation, BoundingBox, Client, negative, positive
from clarifai_http_annotations.testing import Emulator


def labels(annotations: Iterable[Annotation]) -> Iterator[tuple[str, str, str]]:
    for annotation in annotations:
        for place, concept in annotation.each_concept():
            kind = "negative" if concept.is_negative else "box" if "regions" in place else "positive"
            yield kind, annotation.input_id, concept.id


file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("lvis_sample.json")
lvis = json.loads(file.read_text(encoding="utf-8"))
concepts = {c["id"]: re.sub(r"[^A-Za-z0-9_-]", "-", c["name"]).strip("-")[:32] for c in lvis["categories"]}
if clashes := [concept for concept, users in Counter(concepts.values()).items() if users > 1 or not concept]:
    sys.exit(f"Several categories would become the same concept, or none; rename those of {clashes}.")

annotations = []
for image in lvis["images"]:
    boxes = [box for box in lvis["annotations"] if box["image_id"] == image["id"]]
    present = [positive(concepts[category]) for category in {box["category_id"]: box for box in boxes}]
    absent = [negative(concepts[category]) for category in image["neg_category_ids"]]
    if present or absent:
        annotations.append(Annotation.of(str(image["id"]), *present, *absent))
    for box in boxes:
        x, y, width, height = box["bbox"]  # in pixels; rounding keeps float errors from sticking out of the image
        left, right = (round(edge / image["width"], 9) for edge in (x, x + width))
        top, bottom = (round(edge / image["height"], 9) for edge in (y, y + height))
        region = BoundingBox(top_row=top, left_col=left, bottom_row=bottom, right_col=right)
        annotations.append(Annotation.of(str(image["id"]), positive(concepts[box["category_id"]]), region=region))

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    batches = [annotations[start : start + 128] for start in range(0, len(annotations), 128)]
    created = {(a.input_id, a.id) for batch in batches for a in client.create(batch)}
    listed = client.list(input_ids={a.input_id: a for a in annotations}, per_page=1000)
    stored = [a for a in listed if (a.input_id, a.id) in created]  # and not what else the app holds

asked, kept = Counter(labels(annotations)), Counter(labels(stored))
for kind in ("positive", "negative", "box"):
    counts = [sum(found[label] for label in found if label[0] == kind) for found in (asked, kept)]
    print(f"{kind:<9} {counts[0]:>4} asked, {counts[1]:>4} stored")
if asked != kept:
    sys.exit("What is stored is not what was asked.")
