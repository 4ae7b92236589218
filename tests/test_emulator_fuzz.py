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


# --- every route ---------------------------------------------------------------------------------

APP = "http://localhost/v2/users/me/apps/app"
ROUTES = [
    ("PATCH", "annotations"),
    ("DELETE", "annotations"),
    ("DELETE", "inputs/annotations"),
    ("POST", "annotations/searches"),
    ("GET", "annotations/workers"),
    ("GET", "tasks/t/annotations/count"),
    ("PATCH", "task/t/annotations/status"),
    ("GET", "inputs/in-1/annotation_tracks"),
    ("POST", "inputs/in-1/annotation_tracks"),
    ("PATCH", "inputs/in-1/annotation_tracks"),
    ("DELETE", "annotation_tracks"),
    ("POST", "inputs/in-1/track_annotations/searches"),
]
CODES = (10000, 10010, 10020, 11100, 11101, 11102, 11105, 40002, 40010)


def ask(emulator: Emulator, method: str, path: str, body: Any = None) -> httpx.Response:
    return emulator(httpx.Request(method, f"{APP}/{path}", content=json.dumps(body).encode(), headers=KEY))


def filled() -> Emulator:
    """Return an emulator with an annotation of every shape, and a track."""
    emulator = Emulator()
    region = {"id": "r", "track_id": "t", "region_info": {"point": {"row": 0, "col": 0}}}
    frame = {"id": "f", "frame_info": {"time": 1, "number": 1}, "data": {"regions": [region]}}
    said: list[dict[str, Any]] = [
        {"concepts": [{"id": "tree", "value": 0}], "metadata": {"a": {"b": 1}}},
        {"regions": [{**region, "data": {"concepts": [{"id": "tree", "value": 1}]}}]},
        {"frames": [frame], "time_segments": [{"time_info": {"begin_time": 0, "end_time": 1}}]},
    ]
    trees = [{"id": f"a{number}", "input_id": "in-1", "task_id": "t", "data": data} for number, data in enumerate(said)]
    assert ask(emulator, "POST", "annotations", {"annotations": trees}).status_code == 200
    track = {"id": "t", "concept": {"id": "tree", "value": 0}}
    assert ask(emulator, "POST", ROUTES[8][1], {"annotation_tracks": [track]}).status_code == 200
    return emulator


def withstands(emulator: Emulator, method: str, path: str, body: Any) -> None:
    """Send a body; the emulator answers it, and what it stores then can be listed, searched and patched."""
    answered = ask(emulator, method, path, body)
    code = answered.json()["status"]["code"]
    assert code in CODES
    assert (answered.status_code in (200, 207)) is (code in (10000, 10010))
    assert all(concept_is_said(tree) for tree in emulator.annotations)
    for tree in emulator.annotations:
        patch = {"annotations": [{"id": tree["id"], "input_id": tree["input_id"]}], "action": "merge"}
        assert ask(emulator, "PATCH", "annotations", patch).status_code == 200
    for sound, route in (
        ("GET", "annotations?per_page=1000&list_all_annotations=true"),
        ("GET", "annotations/workers"),
        ("GET", "tasks/t/annotations/count"),
        ("GET", ROUTES[7][1]),
    ):
        assert ask(emulator, sound, route, {}).status_code == 200
    concept = {"id": "tree", "value": 0}
    data = {"concepts": [concept], "regions": [{"region_info": {"point": {}}, "track_id": "t"}], "metadata": {"a": 1}}
    search = {"searches": [{"query": {"filters": [{"annotation": {"data": data}, "negate": True}]}}]}
    assert ask(emulator, "POST", "annotations/searches", search).status_code == 200
    assert ask(emulator, "POST", ROUTES[11][1], {"track_id": "t"}).status_code == 200


def concept_is_said(tree: Any) -> bool:
    """Tell whether every concept of a stored tree has a value, whatever was sent."""
    if isinstance(tree, list):
        return all(concept_is_said(item) for item in tree)
    if not isinstance(tree, dict):
        return True
    concepts = tree.get("concepts") or []
    inner = (item for key, item in tree.items() if key not in ("metadata", "annotation_info", "consensus_info"))
    return all(isinstance(concept["value"], float) for concept in concepts) and all(map(concept_is_said, inner))


WORDS = """annotations action delete_if_empty_data ids input_ids searches query filters annotation negate
last_updated_time_range start_time end_time pagination page per_page user_ids status_codes status_code annotation_tracks
concept track_id annotation_type max_frames worker user model model_version frame_number_start start_frame_ms
id input_id data concepts value name regions region_info point frames frame_info time number time_segments metadata
status code annotation_info input_level trusted task_id"""
SAID = [None, True, "", "a0", "in-1", "t", "tree", "merge", "overwrite", "\ud800", -1, 0, 1, 10**400, 1e39, 24155]
json_: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(SAID) | st.builds(list) | st.builds(dict),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=4),
    max_leaves=12,
)


@given(route=st.sampled_from(ROUTES), body=json_)
def test_any_json_is_answered_on_every_route(route: tuple[str, str], body: Any) -> None:
    withstands(filled(), *route, body)


part = st.fixed_dictionaries(
    {}, optional={"id": st.sampled_from(["r", "f", "x"]), "region_info": json_, "frame_info": json_, "data": json_}
)
data_ = st.fixed_dictionaries(
    {}, optional={"concepts": json_, "regions": st.lists(part, max_size=2), "frames": st.lists(part, max_size=2)}
)
patches = st.fixed_dictionaries(
    {"id": st.sampled_from(["a0", "a1", "a2"]), "input_id": st.just("in-1")},
    optional={"data": data_ | json_, "status": json_, "annotation_info": json_, "task_id": json_, "worker": json_},
)


@given(
    asked=st.lists(patches, min_size=1, max_size=3),
    action=st.sampled_from(["merge", "overwrite", "remove"]),
    drop_empty=st.booleans(),
)
def test_any_patch_is_answered(asked: list[Any], action: str, drop_empty: bool) -> None:
    body = {"annotations": asked, "action": action, "delete_if_empty_data": drop_empty}
    withstands(filled(), "PATCH", "annotations", body)


optional = dict.fromkeys(("annotation", "negate", "last_updated_time_range"), json_)
filters = st.fixed_dictionaries({"annotation": st.fixed_dictionaries({"data": data_ | json_})})


@given(asked=st.lists(filters | st.fixed_dictionaries({}, optional=optional), max_size=2), pagination=json_)
def test_any_filter_is_answered(asked: list[Any], pagination: Any) -> None:
    body = {"searches": [{"query": {"filters": asked}}], "pagination": pagination}
    withstands(filled(), "POST", "annotations/searches", body)


tracks = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "concept", "status", "start_frame_nr", "end_frame_ms"), json_)
)


@given(method=st.sampled_from(["POST", "PATCH"]), asked=st.lists(tracks, max_size=2))
def test_any_track_is_answered(method: str, asked: list[Any]) -> None:
    withstands(filled(), method, ROUTES[8][1], {"annotation_tracks": asked, "action": "overwrite"})


fields_ = ("frame_number_start", "frame_time_start", "annotation_type", "max_frames", "max_duration", "worker")


@given(asked=st.fixed_dictionaries({"track_id": st.just("t")}, optional=dict.fromkeys(fields_, json_)))
def test_any_search_of_a_track_is_answered(asked: Any) -> None:
    withstands(filled(), "POST", ROUTES[11][1], asked)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("levels", [40, 101, 400])
def test_a_body_that_is_nested_deep_is_answered_on_every_route(method: str, path: str, levels: int) -> None:
    deep: Any = {}
    for _ in range(levels):
        deep = {"data": [deep]}
    body = {"annotations": [{"id": "a0", "input_id": "in-1", **deep}], "annotation_tracks": [deep], "action": "merge"}
    withstands(filled(), method, path, {**body, "searches": [deep], **deep})


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
def test_a_number_beyond_every_float_is_malformed(number: str) -> None:
    content = posting(annotation_info={"a": 0}).replace(b"0}", number.encode() + b"}")
    posted = Emulator()(httpx.Request("POST", URL, content=content, headers=KEY))
    assert posted.json()["status"]["code"] == 11100


@pytest.mark.parametrize("levels", [90, 97])
def test_free_json_as_deep_as_it_may_be_is_stored_and_merged(levels: int) -> None:
    emulator, deep = filled(), b'{"a":' * levels + b"1" + b"}" * levels
    content = b'{"annotations":[{"id":"a0","input_id":"in-1","annotation_info":' + deep + b'}],"action":"merge"}'
    for _ in range(2):
        answered = emulator(httpx.Request("PATCH", URL, content=content, headers=KEY))
        assert answered.status_code == 200, answered.text


SEGMENTS = [
    "v2",
    "users",
    "me",
    "apps",
    "app",
    "inputs",
    "annotations",
    "searches",
    "tasks",
    "%2f",
    "%ff",
    "%",
    "..",
    "",
]


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
