"""Whatever is sent to the emulator, it answers, and goes on answering."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations.testing import Emulator

KEY = {"authorization": "Key some-key"}
URL = "http://localhost/v2/users/me/apps/app/annotations"


def survives(emulator: Emulator, content: bytes) -> None:
    """Post a body; the emulator answers it, and what it stored can be listed and looked at."""
    posted = emulator(httpx.Request("POST", URL, content=content, headers=KEY))
    assert posted.status_code in (200, 207, 400)
    assert posted.json()["status"]["code"] in (10000, 10010, 10020, 11100, 11102)
    listed = emulator(httpx.Request("GET", f"{URL}?user_ids=me&user_ids=a&per_page=1000", headers=KEY))
    assert listed.status_code == 200
    assert len(listed.json()["annotations"]) <= len(emulator.annotations)


def posting(**fields: Any) -> bytes:
    return json.dumps({"annotations": [{"input_id": "in-1", **fields}]}).encode()


def with_value(value: Any) -> bytes:
    return posting(data={"concepts": [{"id": "tree", "value": value}]})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(with_value(float("nan")), id="value is NaN"),
        pytest.param(with_value(float("inf")), id="value is infinite"),
        pytest.param(with_value(10**400), id="value is an int beyond floats"),
        pytest.param(with_value(1e39), id="value is beyond 32 bits"),
        pytest.param(posting(data={"metadata": {"a": float("nan")}}), id="NaN in free JSON"),
        pytest.param(posting(data={"metadata": {"a": "\ud800"}}), id="half a character"),
        pytest.param(posting(data={"concepts": [{"value": 1}]}), id="concept has no id"),
        pytest.param(posting(data={"concepts": {}}), id="concepts is an object"),
        pytest.param(posting(data={"concepts": [[]]}), id="concept is a list"),
        pytest.param(posting(data=[1]), id="data is a list"),
        pytest.param(posting(data="text"), id="data is text"),
        pytest.param(posting(data={"regions": 5}), id="regions is a number"),
        pytest.param(posting(data={"regions": ["r"]}), id="region is text"),
        pytest.param(posting(data={"frames": [{"frame_info": ["time"]}]}), id="frame_info is a list"),
        pytest.param(posting(data={"frames": [{"frame_info": "time"}]}), id="frame_info is text"),
        pytest.param(posting(id=[]), id="id is a list"),
        pytest.param(posting(id={"a": 1}), id="id is an object"),
        pytest.param(posting(status="ANNOTATION_PENDING"), id="status is text"),
        pytest.param(posting(status=[1]), id="status is a list"),
        pytest.param(posting(status={"code": []}), id="code is a list"),
        pytest.param(posting(user_id=["a"]), id="user_id is a list"),
        pytest.param(b'{"annotations":[' + b"[" * 400 + b"]" * 400 + b"]}", id="lists 400 deep"),
    ],
)
def test_a_body_of_the_wrong_shape_is_answered(content: bytes) -> None:
    survives(Emulator(), content)


@pytest.mark.parametrize("levels", [100, 300, 500, 900, 100_000])
def test_a_body_that_is_nested_deep_is_answered(levels: int) -> None:
    survives(Emulator(), posting(data=0).replace(b"0", b'{"data":' * levels + b"1" + b"}" * levels))


KEYS = (
    "id input_id data concepts value name regions region_info bounding_box frames frame_info time metadata status code"
)
LEAVES = [None, True, "", "a", "\ud800", -1, 10**400, 1e39, float("nan"), 24155, "ANNOTATION_SUCCESS"]
anything: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(LEAVES) | st.builds(list) | st.builds(dict),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4),
    max_leaves=10,
)
fields = dict.fromkeys(("id", "data", "status", "user_id"), anything)
annotations_ = st.lists(st.fixed_dictionaries({"input_id": st.just("in-1")}, optional=fields) | anything, min_size=1)


@given(asked=annotations_, strict=st.booleans())
def test_any_json_is_answered(asked: list[Any], strict: bool) -> None:
    survives(Emulator(strict=strict), json.dumps({"annotations": asked}).encode())


SEGMENTS = ["v2", "users", "me", "apps", "app", "inputs", "annotations", "%2f", "%ff", "%", "..", ""]


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PATCH", "OPTIONS", "x"]),
    path=st.lists(st.sampled_from(SEGMENTS), max_size=9),
    query=st.text(st.sampled_from("idspage_=&%20;+é"), max_size=20),
    key=st.sampled_from(["", "Key", "Key a", "Key \xff", "Bearer a"]),
    body=st.binary(max_size=8),
)
def test_any_request_is_answered(method: str, path: list[str], query: str, key: str, body: bytes) -> None:
    url = f"http://localhost/{'/'.join(path)}?{quote(query, safe='=&%;+')}"
    request = httpx.Request(method, url, headers=[(b"authorization", key.encode("latin-1"))], content=body)
    assert Emulator()(request).json()["status"]["req_id"]


def test_a_request_whose_body_is_a_stream_is_read() -> None:
    request = httpx.Request("POST", URL, headers=KEY, content=iter([b'{"annotations":', b'[{"input_id":"a"}]}']))
    assert Emulator()(request).status_code == 200
