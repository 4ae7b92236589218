"""How do I store JSON of my own with an annotation, and where on earth it is?

`metadata` belongs to what is said, `annotation_info` to the annotation itself; both can be searched for.
"""

import json
import os

from clarifai_http_annotations import Annotation, Client, Data, Geo, GeoPoint, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app

annotation = Annotation(
    input_id=IMAGE,
    data=Data(
        concepts=[positive("lighthouse"), negative("boat")],
        metadata={"weather": "fog", "visibility_m": 200},
        geo=Geo(geo_point=GeoPoint(longitude=10.25, latitude=42.75)),
    ),
    annotation_info={"tool": "field-app", "reviewed": False},
)

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    [created] = client.create(annotation)
    stored = client.get(created.id, input_id=IMAGE)

for _, concept in stored.each_concept():
    print(f"{concept.id:<17}{concept.value}")
if stored.data and stored.data.geo:
    print(f"{'geo':<17}{stored.data.geo.geo_point}")
    print(f"{'metadata':<17}{json.dumps(stored.data.metadata)}")
print(f"{'annotation_info':<17}{json.dumps(stored.annotation_info)}")
