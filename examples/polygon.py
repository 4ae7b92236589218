"""How do I label the area inside a polygon that another tool drew in pixels?

The API wants row before column, as parts of the height and the width; tools mostly say x before y.
"""

import os

from clarifai_http_annotations import Annotation, Client, Polygon, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app
WIDTH, HEIGHT = 640, 480
PIXELS = [(64, 96), (320, 48), (576, 240), (320, 384)]  # x, y

lake = Polygon.of(*((y / HEIGHT, x / WIDTH) for x, y in PIXELS))

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    [created] = client.create(Annotation.of(IMAGE, positive("water"), negative("ice"), region=lake))
    stored = client.get(created.id, input_id=IMAGE)

for region in stored.data.regions if stored.data else []:
    if region.region_info and region.region_info.polygon:
        for point in region.region_info.polygon.points:
            print(f"row {point.row:<6}col {point.col}")
for place, concept in stored.each_concept():
    print(f"{concept.id:<8}{concept.value:<5}{place}")
