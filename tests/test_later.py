"""Models that are loaded when there is a value of them behave as if they had always been there."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clarifai_http_annotations import Annotation, BoundingBox, Data, Frame, FrameInfo, Hit, Region, RegionInfo, positive

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


def test_concepts_alone_load_no_model_of_regions_and_videos() -> None:
    code = (
        "import sys; from clarifai_http_annotations import Annotation, positive; Annotation.of('in', positive('tree'));"
        "print([name for name in sys.modules if name.startswith('clarifai_http_annotations.models.')])"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {f"clarifai_http_annotations.models.{name}" for name in ("region", "video", "geo")} & set(
        re.findall(r"[\w.]+", said)
    )


def test_an_error_in_a_part_names_its_place() -> None:
    region = {"region_info": {"bounding_box": {"top_row": 2, "left_col": 0, "bottom_row": 1, "right_col": 1}}}
    with pytest.raises(ValidationError) as caught:
        Annotation.model_validate({"input_id": "in", "data": {"frames": [{"data": {"regions": [region]}}]}})
    [detail] = caught.value.errors()
    place = ("data", "frames", 0, "data", "regions", 0, "region_info", "bounding_box", "top_row")
    assert detail["loc"] == place
    assert detail["msg"] == "Value error, must be between 0 and 1, not 2.0"


def test_a_part_is_the_very_object_that_was_given_and_may_be_a_dict() -> None:
    region = Region(region_info=RegionInfo.of(BOX))
    assert Data(regions=[region]).regions[0] is region
    assert Data.model_validate({"regions": [region.model_dump(exclude_unset=True)]}).regions == [region]


def test_parts_are_dumped_with_what_is_asked_for() -> None:
    annotation = Annotation.of("in", positive("tree"), region=BOX, frame=FrameInfo(time=5))
    said: dict[str, Any] = annotation.model_dump(exclude_unset=True)
    assert json.loads(annotation.model_dump_json(exclude_unset=True)) == said
    [region] = said["data"]["frames"][0]["data"]["regions"]
    assert region == {
        "region_info": {"bounding_box": BOX.model_dump()},
        "data": {"concepts": [{"id": "tree", "value": 1.0}]},
    }
    one = annotation.model_dump(include={"data": {"frames": {0: {"frame_info"}}}}, exclude_unset=True)
    assert one == {"data": {"frames": [{"frame_info": {"time": 5}}]}}


def test_annotations_with_parts_are_copied_and_pickled() -> None:
    annotation = Annotation.of("in", positive("tree"), region=BOX)
    assert pickle.loads(pickle.dumps(annotation)) == annotation == annotation.model_copy(deep=True)


@pytest.mark.parametrize("model", [Annotation, Data, Region, Frame, Hit, list[Annotation]], ids=str)
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_json_schema_describes_every_part_however_deep(model: Any, mode: Any) -> None:
    schema = TypeAdapter(model).json_schema(mode=mode)
    text = json.dumps(schema)
    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) == schema["$defs"].keys()
    assert {"Concept", "RegionInfo", "BoundingBox", "FrameInfo", "TimeInfo", "GeoPoint"} <= schema["$defs"].keys()
    data = schema["$defs"]["Data"]["properties"]
    assert data["regions"]["items"]["properties"]["data"]["anyOf"][0] == {"$ref": "#/$defs/Data"}
