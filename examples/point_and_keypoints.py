"""How do I label a point of an image, and the keypoints of a body with what can be seen of them?

Keypoints stand in the order of the names in the concept's `keypoint_info`, which is set in the app.
"""

import os

from clarifai_http_annotations import Annotation, Client, Point, RegionInfo, Visibility, negative, positive
from clarifai_http_annotations.testing import Emulator

IMAGE = os.environ.get("CLARIFAI_INPUT_ID", "53d0362a")  # on Clarifai: an image of your app
KEYPOINTS = {
    "nose": Point(row=0.25, col=0.5, visibility=Visibility.VISIBLE),
    "left ear": Point(row=0.125, col=0.375, visibility=Visibility.NOT_VISIBLE),
    "right ear": Point(row=0.125, col=0.625, visibility=Visibility.VISIBLE),
}
annotations = [
    Annotation.of(IMAGE, positive("buoy"), negative("boat"), region=Point(row=0.75, col=0.25)),
    Annotation.of(IMAGE, positive("dog"), negative("cat"), region=RegionInfo(keypoint_locations=[*KEYPOINTS.values()])),
]

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    stored = [client.get(created.id, input_id=IMAGE) for created in client.create(annotations)]

for annotation in stored:
    print(", ".join(f"{concept.id} {concept.value}" for _, concept in annotation.each_concept()))
    for region in annotation.data.regions if annotation.data else []:
        info = region.region_info or RegionInfo()
        points = {"point": info.point} if info.point else dict(zip(KEYPOINTS, info.keypoint_locations, strict=True))
        for name, point in points.items():
            hidden = "hidden" if point.visibility == Visibility.NOT_VISIBLE else ""
            print(f"  {name:<11}row {point.row:<7}col {point.col:<7}{hidden}".rstrip())
