"""How do I follow one thing through the frames of a video?

The API wants the version of a model to search a track by anything but points: so this follows a point.
"""

import os

from clarifai_http_annotations import Annotation, AnnotationTrack, Client, FrameInfo, Point, negative, positive
from clarifai_http_annotations.testing import Emulator

VIDEO = os.environ.get("CLARIFAI_INPUT_ID", "harbour-video")  # on Clarifai: a video of your app
COLUMNS = {0: 0.125, 500: 0.25, 1000: 0.5}  # by milliseconds
LABELS = [positive("buoy"), negative("boat")]

pat = os.environ.get("CLARIFAI_PAT")
print("This runs on Clarifai." if pat else "CLARIFAI_PAT is not set: this runs on the embedded emulator.")
with Client() if pat else Emulator().client() as client:
    wanted = AnnotationTrack(concept=positive("buoy"), start_frame_ms=0, end_frame_ms=1000, sample_rate_ms=500)
    [track] = client.create_tracks(VIDEO, wanted)
    for time, col in COLUMNS.items():
        at, point = FrameInfo(time=time), Point(row=0.75, col=col)
        client.create(Annotation.of(VIDEO, *LABELS, frame=at, region=point, track_id=track.id))

    for kept in client.list_tracks(VIDEO, ids=track.id):
        label = f"{kept.concept.id} {kept.concept.value}" if kept.concept else "nothing"
        print(f"track of {label}, {kept.start_frame_ms} to {kept.end_frame_ms} ms; from 500 ms on:")
    found = client.search_track(VIDEO, track_id=track.id, frame_time_start=500, annotation_type="POINT")

for annotation in found:
    labels = ", ".join(f"{concept.id} {concept.value}" for _, concept in annotation.each_concept())
    for frame in annotation.data.frames if annotation.data else []:
        for region in frame.data.regions if frame.data else []:
            where = region.region_info.point if region.region_info else None
            when = frame.frame_info.time if frame.frame_info else None
            print(f"  {when} ms: {where!s:<21}{labels}")
