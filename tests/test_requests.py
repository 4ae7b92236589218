"""From an operation to its request, as httpx really sends it: what is asked stays what is asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, InvalidRequestError, positive
from clarifai_http_annotations._wire import requests
from clarifai_http_annotations._wire.requests import App
from clarifai_http_annotations.testing import Emulator

EMPTY = {"status": {"code": 10000}, "annotations": [], "annotation": {}}


class Wire:
    """Answers everything with nothing, and keeps what came."""

    def __init__(self) -> None:
        self.came: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.came.append(request)
        return httpx.Response(200, json=EMPTY)

    @property
    def queries(self) -> list[list[tuple[str, str]]]:
        return [parse_qsl(request.url.query.decode(), strict_parsing=True) for request in self.came]

    def of(self, name: str) -> list[str]:
        """Return what was asked for under one name, in all requests."""
        return [value for query in self.queries for key, value in query if key == name]


@pytest.fixture
def wire() -> Wire:
    return Wire()


# --- ids in paths --------------------------------------------------------------------------------

AWKWARD = [
    ("../..", "..%2F.."),
    ("a/b", "a%2Fb"),
    ("%2f", "%252f"),
    ("%", "%25"),
    ("a/b?c#d", "a%2Fb%3Fc%23d"),
    ("a b+c", "a%20b%2Bc"),
    ("a&b=c;d:e@f", "a%26b%3Dc%3Bd%3Ae%40f"),
    ("...", "..."),
    (".a", ".a"),
    ("%2e%2e", "%252e%252e"),
    ("a\\b", "a%5Cb"),
    ("line\nfeed\0", "line%0Afeed%00"),
    ("Wörter 木", "W%C3%B6rter%20%E6%9C%A8"),
    ("it's (~*!)", "it%27s%20%28~%2A%21%29"),
]


@pytest.mark.parametrize(("name", "quoted"), AWKWARD)
@pytest.mark.parametrize("call", ["get", "delete"])
def test_an_id_stays_one_segment_of_the_path(connect: Any, wire: Wire, call: str, name: str, quoted: str) -> None:
    client = connect(wire, user_id=name, app_id=name)
    getattr(client, call)(name, input_id=name)
    path = f"/v2/users/{quoted}/apps/{quoted}/inputs/{quoted}/annotations/{quoted}"
    assert wire.came[0].url.raw_path == path.encode()


@pytest.mark.parametrize(("name", "quoted"), AWKWARD)
def test_the_user_and_the_app_of_a_list_stay_segments(connect: Any, wire: Wire, name: str, quoted: str) -> None:
    list(connect(wire, user_id=name, app_id=name).list())
    assert wire.came[0].url.raw_path.startswith(f"/v2/users/{quoted}/apps/{quoted}/annotations?".encode())


def test_me_is_the_owner_of_the_key(connect: Any, wire: Wire) -> None:
    connect(wire, user_id="me").get("a", input_id="b")
    assert wire.came[0].url.raw_path == b"/v2/users/me/apps/app/inputs/b/annotations/a"


NO_SEGMENTS = [".", "..", "", " ", "\n", "\ud800", None, 5, b"a", ["a"]]


@pytest.mark.parametrize("name", NO_SEGMENTS, ids=repr)
@pytest.mark.parametrize("argument", ["annotation_id", "input_id"])
@pytest.mark.parametrize("call", ["get", "delete"])
def test_an_id_that_cannot_be_a_segment_is_refused_and_named(
    connect: Any, wire: Wire, call: str, argument: str, name: Any
) -> None:
    with pytest.raises(InvalidRequestError, match=argument):
        getattr(connect(wire), call)(**{"annotation_id": "a", "input_id": "b", argument: name})
    assert wire.came == []


@pytest.mark.parametrize("argument", ["user_id", "app_id"])
def test_a_user_or_an_app_that_would_mean_another_place_is_refused(argument: str) -> None:
    with pytest.raises(InvalidRequestError, match=argument):
        App(**{"user_id": "me", "app_id": "app", argument: ".."}).path("/annotations")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text("./%2fF?#", min_size=1))
def test_any_id_comes_back_from_its_segment(name: str, tail: str) -> None:
    for text in (name, tail):
        if text.strip() and text not in (".", ".."):
            url = httpx.URL("http://localhost" + requests.get(App("me", "app"), text, "in").path)
            segments = url.raw_path.decode().split("/")
            assert (len(segments), unquote(segments[-1])) == (10, text)


@pytest.mark.parametrize(("call", "method"), [("get", "GET"), ("delete", "DELETE")])
def test_get_and_delete_have_no_body(connect: Any, wire: Wire, call: str, method: str) -> None:
    getattr(connect(wire), call)("a", input_id="b")
    assert (wire.came[0].method, wire.came[0].content) == (method, b"")
    assert "content-type" not in wire.came[0].headers


def test_create_posts_to_the_collection(connect: Any, emulator: Emulator) -> None:
    connect(emulator).create(Annotation.of("in-1", positive("tree"), id="a"))
    [came] = emulator.requests
    assert (came.method, came.path, came.query) == ("POST", "/v2/users/me/apps/app/annotations", {})
    [said] = came.body["annotations"]
    assert said == {"id": "a", "input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1.0}]}}


# --- the filters of list -------------------------------------------------------------------------


def test_a_list_without_filters_still_says_its_page(connect: Any, wire: Wire) -> None:
    list(connect(wire).list())
    assert wire.queries == [[("page", "1"), ("per_page", "128")]]


@pytest.mark.parametrize("name", ["input_ids", "user_ids", "model_version_ids", "workflow_version_ids"])
@pytest.mark.parametrize("several", [list, tuple, iter, dict.fromkeys], ids=["list", "tuple", "iterator", "dict"])
def test_ids_are_repeated_keys(connect: Any, wire: Wire, name: str, several: Any) -> None:
    list(connect(wire).list(**{name: several(["b", "a"])}))
    assert wire.queries == [[(name, "b"), (name, "a"), ("page", "1"), ("per_page", "128")]]


@pytest.mark.parametrize("name", ["input_ids", "user_ids", "model_version_ids", "workflow_version_ids", "task_id"])
def test_one_text_is_one_id(connect: Any, wire: Wire, name: str) -> None:
    list(connect(wire).list(**{name: "abc"}))
    assert wire.of(name) == ["abc"]


@pytest.mark.parametrize("name", ["list_all_annotations", "return_model_output"])
@pytest.mark.parametrize(("given", "said"), [(True, ["true"]), (False, ["false"]), (None, [])])
def test_a_flag_is_said_as_json_says_it(
    connect: Any, wire: Wire, name: str, given: bool | None, said: list[str]
) -> None:
    list(connect(wire).list(**{name: given}))
    assert wire.of(name) == said


@pytest.mark.parametrize("name", [name for name, _ in AWKWARD])
def test_an_id_in_a_query_stays_one_value(connect: Any, wire: Wire, name: str) -> None:
    list(connect(wire).list(ids=[name], input_ids=[name], user_ids=[name], task_id=name, page=2, per_page=7))
    said = [("user_ids", name), ("task_id", name), ("input_ids", name), ("ids", name)]
    assert sorted(wire.queries[0]) == sorted([*said, ("page", "2"), ("per_page", "7")])


WRONG_FLAGS: list[Any] = ["no", 1, []]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in ("input_ids", "user_ids", "model_version_ids") for value in (5, [5], [""], [None])],
        ("ids", {"a": 1}),
        *[(name, ["\ud800"]) for name in ("input_ids", "user_ids")],
        *[("task_id", value) for value in (5, ["a", "b"], "", "\ud800")],
        *[(name, value) for name in ("list_all_annotations", "return_model_output") for value in WRONG_FLAGS],
        *[("page", value) for value in (0, -1, True, 1.0, "1", None)],
        *[("per_page", value) for value in (0, 1001, -1, True, 20.0, "20", None)],
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_a_filter_of_the_wrong_kind_is_refused_and_sends_nothing(
    connect: Any, wire: Wire, name: str, value: Any
) -> None:
    with pytest.raises(InvalidRequestError):
        list(connect(wire).list(**{name: value}))
    assert wire.came == []


@pytest.mark.parametrize("per_page", [1, 1000])
def test_a_page_has_1_to_1000(connect: Any, wire: Wire, per_page: int) -> None:
    list(connect(wire).list(per_page=per_page))
    assert wire.of("per_page") == [str(per_page)]


@pytest.mark.parametrize("per_page", [1, 2, 3, 5, 6])
def test_pages_are_read_until_one_is_empty(connect: Any, emulator: Emulator, per_page: int) -> None:
    client = connect(emulator)
    created = client.create([Annotation.of("in-1", positive(f"c{number}")) for number in range(5)])
    everything = [a.id for a in client.list(per_page=per_page)]
    assert sorted(everything) == sorted(a.id for a in created)
    assert [a.id for a in client.list(page=2, per_page=per_page)] == everything[per_page:]


@pytest.mark.parametrize("name", ["input_ids", "user_ids", "model_version_ids", "workflow_version_ids"])
def test_an_empty_list_of_ids_asks_for_nothing(connect: Any, wire: Wire, name: str) -> None:
    assert list(connect(wire).list(**{name: []})) == []
    assert list(connect(wire).list(ids=[], input_ids=[])) == []
    assert wire.came == []
