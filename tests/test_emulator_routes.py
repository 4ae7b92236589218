"""The emulator's doors, its key, its routes and its lists."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
import respx

from clarifai_http_annotations import Annotation, AsyncClient, Client, InternalServerError, negative, positive
from clarifai_http_annotations.testing import Emulator, Recorded, no_waiting

APP = "/v2/users/emulator-user/apps/app"
ONE = f"{APP}/inputs/in-1/annotations/a"
KEY = {"authorization": "Key some-key"}

Tree = dict[str, Any]


def ask(emulator: Emulator, method: str, path: str, body: Any = None, headers: Any = KEY) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    with httpx.Client(transport=httpx.MockTransport(emulator), base_url="http://localhost") as http:
        response = http.request(method, path, content=content, headers=headers)
    return response.status_code, response.json()


def outcome(emulator: Emulator, method: str, path: str, **more: Any) -> tuple[int, int]:
    http_status, answer = ask(emulator, method, path, **more)
    return http_status, answer["status"]["code"]


def tree(id: str = "a", input_id: str = "in-1", **more: Any) -> Tree:
    return {"id": id, "input_id": input_id, "data": {"concepts": [{"id": "tree", "value": 0}]}, **more}


def post(emulator: Emulator, *trees: Tree, app: str = APP) -> None:
    assert outcome(emulator, "POST", f"{app}/annotations", body={"annotations": list(trees)}) == (200, 10000)


def listed(emulator: Emulator, query: str = "per_page=1000", app: str = APP) -> list[str]:
    http_status, answer = ask(emulator, "GET", f"{app}/annotations?{query}")
    assert http_status == 200, answer
    return [found["id"] for found in answer["annotations"]]


# --- doors ---------------------------------------------------------------------------------------


def test_a_client_of_the_emulator_works_without_a_key(emulator: Emulator) -> None:
    with emulator.client() as client:
        client.create(Annotation.of("in-1", positive("tree"), negative("water")))
    assert [c["value"] for c in emulator.annotations[0]["data"]["concepts"]] == [1.0, 0.0]


async def _create_async(client: AsyncClient) -> None:
    async with client:
        await client.create(Annotation.of("in-1", negative("water")))


def test_an_asynchronous_client_of_the_emulator_works_without_a_key(emulator: Emulator) -> None:
    asyncio.run(_create_async(emulator.async_client()))
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == 0.0


@pytest.mark.parametrize("settings", [{"pat": "mine"}, {"token": "mine"}], ids=["pat", "token"])
def test_a_client_of_the_emulator_takes_the_settings_of_a_client(settings: Tree) -> None:
    emulator = Emulator(pat="mine", apps=[("somebody", "else")])
    with emulator.client(user_id="somebody", app_id="else", **settings) as client:
        assert list(client.list()) == []


def test_httpx_itself_sees_an_ordinary_server(emulator: Emulator) -> None:
    async def both() -> list[int]:
        transport = httpx.MockTransport(emulator)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=KEY) as http:
            posted = await http.post(f"{APP}/annotations", json={"annotations": [tree()]})
            return [posted.status_code, (await http.get(f"{APP}/inputs/in-1/annotations/a")).status_code]

    assert asyncio.run(both()) == [200, 200]


@respx.mock
def test_code_that_builds_its_own_client_meets_the_emulator_through_respx(emulator: Emulator) -> None:
    respx.route().mock(side_effect=emulator)
    with Client(pat="mine", user_id="me", app_id="app") as client:
        client.create(Annotation.of("in-1", positive("tree")))
    asyncio.run(_create_async(AsyncClient(pat="mine", user_id="me", app_id="app")))
    assert [stored["data"]["concepts"][0]["value"] for stored in emulator.annotations] == [1.0, 0.0]


def test_every_request_is_recorded_even_one_that_is_refused(emulator: Emulator) -> None:
    ask(emulator, "GET", "/v2/users/me/apps/a%2Fb/annotations?ids=x&ids=y&task_id=", headers={})
    post(emulator, tree())
    assert emulator.requests == [
        Recorded("GET", "/v2/users/me/apps/a%2Fb/annotations", {"ids": ["x", "y"], "task_id": [""]}, None),
        Recorded("POST", f"{APP}/annotations", {}, {"annotations": [tree()]}),
    ]


def test_within_no_waiting_a_retry_waits_for_nothing_and_after_it_waits_again(connect: Any, clock: Any) -> None:
    client = connect(lambda _: httpx.Response(503), max_retries=2)
    with no_waiting(), pytest.raises(InternalServerError):
        list(client.list())
    assert clock.slept == [0.0, 0.0]
    with pytest.raises(InternalServerError):
        list(client.list())
    assert any(clock.slept[2:])


def test_threads_may_share_an_emulator(emulator: Emulator) -> None:
    def work(number: int) -> None:
        post(emulator, *[tree(f"{number}-{index}") for index in range(20)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(listed(emulator)) == 80


# --- the key -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "mine"},
        {"authorization": "key mine"},
        {"authorization": "Bearer mine"},
    ],
    ids=["none", "empty", "bare", "lower case", "bearer"],
)
def test_a_missing_or_malformed_key_is_401_with_11102(emulator: Emulator, headers: Any) -> None:
    assert outcome(emulator, "GET", f"{APP}/annotations", headers=headers) == (401, 11102)


@pytest.mark.parametrize(
    "headers", [{"authorization": "Key other"}, {"x-clarifai-session-token": "other"}], ids=["pat", "token"]
)
def test_a_key_that_is_not_the_emulators_is_401_with_11009(headers: Any) -> None:
    assert outcome(Emulator(pat="mine"), "GET", f"{APP}/annotations", headers=headers) == (401, 11009)


def test_nothing_is_stored_for_a_key_that_is_refused() -> None:
    emulator = Emulator(pat="mine")
    outcome(emulator, "POST", f"{APP}/annotations", body={"annotations": [tree()]})
    assert emulator.annotations == []


# --- routes --------------------------------------------------------------------------------------


def test_one_annotation_is_got_and_deleted_by_input_and_id(emulator: Emulator) -> None:
    post(emulator, tree(), tree(input_id="in-2"))
    http_status, answer = ask(emulator, "GET", ONE)
    assert (http_status, answer["annotation"]["input_id"]) == (200, "in-1")
    assert outcome(emulator, "DELETE", ONE) == (200, 10000)
    assert [found["input_id"] for found in emulator.annotations] == ["in-2"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_annotation_that_is_not_there_is_404(emulator: Emulator, method: str) -> None:
    post(emulator, tree(input_id="in-2"))
    assert outcome(emulator, method, ONE) == (404, 11101)


def test_me_is_the_owner_of_the_key() -> None:
    emulator = Emulator(user_id="ada")
    post(emulator, tree(), app="/v2/users/me/apps/app")
    assert listed(emulator, app="/v2/users/ada/apps/app") == ["a"]
    assert listed(emulator, app="/v2/users/bob/apps/app") == []


def test_apps_that_do_not_exist_are_404() -> None:
    emulator = Emulator(apps=[("emulator-user", "other")])
    assert outcome(emulator, "POST", f"{APP}/annotations", body={"annotations": [tree()]}) == (404, 11101)


def test_ids_in_a_path_are_unquoted_once(emulator: Emulator) -> None:
    post(emulator, tree(id="a/b", input_id="%2f"))
    assert outcome(emulator, "GET", f"{APP}/inputs/%252f/annotations/a%2Fb") == (200, 10000)


def test_a_prefix_before_v2_is_passed_over(emulator: Emulator) -> None:
    assert outcome(emulator, "GET", f"/gateway/clarifai{APP}/annotations") == (200, 10000)


@pytest.mark.parametrize("path", ["/", "/v2/annotation", f"{APP}/annotation", f"{APP}/inputs/in-1/annotations", "/v3"])
def test_a_route_that_is_unknown_is_404(emulator: Emulator, path: str) -> None:
    assert outcome(emulator, "GET", path) == (404, 11101)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", f"{APP}/annotations"), ("POST", ONE), ("HACK", f"{APP}/annotations")]
)
def test_a_method_that_is_unknown_is_400_with_11103(emulator: Emulator, method: str, path: str) -> None:
    assert outcome(emulator, method, path) == (400, 11103)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b"nul"], ids=["half", "bytes", "deep", "word"])
def test_malformed_json_is_400_with_11100(emulator: Emulator, body: bytes) -> None:
    assert outcome(emulator, "POST", f"{APP}/annotations", body=body) == (400, 11100)
    assert emulator.requests[0].body is None


@pytest.mark.parametrize("body", [None, [], "text", 5, {}, {"annotations": {}}, {"annotations": None}], ids=repr)
def test_a_body_without_a_list_of_annotations_is_400_with_11102(emulator: Emulator, body: Any) -> None:
    assert outcome(emulator, "POST", f"{APP}/annotations", body=body) == (400, 11102)


def test_every_answer_has_a_request_id_of_its_own(emulator: Emulator) -> None:
    answers = [ask(emulator, "GET", path)[1] for path in (f"{APP}/annotations", f"{APP}/annotations", "/nowhere")]
    assert len({answer["status"]["req_id"] for answer in answers}) == 3


def test_an_error_of_the_collection_still_shows_its_empty_list(emulator: Emulator) -> None:
    assert ask(emulator, "PUT", f"{APP}/annotations")[1]["annotations"] == []


# --- lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "ids"), [("newest", ["x", "y", "z"]), ("oldest", ["z", "y", "x"])])
def test_a_list_begins_with_what_was_stored_last_or_first_if_it_is_said(order: Any, ids: list[str]) -> None:
    emulator = Emulator(order=order)
    post(emulator, tree("z"), tree("y", input_id="in-2"))
    post(emulator, tree("x"))
    assert listed(emulator) == ids
    assert [stored["id"] for stored in emulator.annotations] == ["z", "y", "x"]


def test_what_replaces_an_annotation_is_the_newest() -> None:
    emulator = Emulator(duplicates="overwrite")
    post(emulator, tree("a"), tree("b"))
    post(emulator, tree("a"))
    assert listed(emulator) == ["a", "b"]
    assert set(emulator.stored_times.values()) == {1}


def test_what_is_patched_stays_where_it_is(emulator: Emulator) -> None:
    post(emulator, tree("a"), tree("b"))
    body = {"action": "merge", "annotations": [{"id": "a", "input_id": "in-1", "annotation_info": {"seen": True}}]}
    assert outcome(emulator, "PATCH", f"{APP}/annotations", body=body) == (200, 10000)
    assert listed(emulator) == ["b", "a"]


def test_an_order_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="order must be one of"):
        Emulator(order="random")  # type: ignore[arg-type]


def test_a_page_has_20_unless_it_is_said(emulator: Emulator) -> None:
    post(emulator, *[tree(f"a{number}") for number in range(25)])
    assert len(listed(emulator, "")) == 20
    assert listed(emulator, "page=2") == [f"a{number}" for number in range(4, -1, -1)]
    assert listed(emulator, "page=3&per_page=10") == [f"a{number}" for number in range(4, -1, -1)]
    assert listed(emulator, "page=4&per_page=10") == []


@pytest.mark.parametrize(
    "query", ["per_page=1001", "per_page=0", "per_page=-1", "page=0", "page=x", "page=", "page=1.5", "page=99999999999"]
)
def test_a_page_out_of_range_is_400_with_11105(emulator: Emulator, query: str) -> None:
    assert outcome(emulator, "GET", f"{APP}/annotations?{query}") == (400, 11105)


def test_a_page_may_have_1000(emulator: Emulator) -> None:
    assert listed(emulator, "per_page=1000") == []


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("input_ids=in-1", ["a", "b"]),
        ("input_ids=in-1&input_ids=in-2", ["a", "b", "a"]),
        ("ids=a&input_ids=in-2", ["a"]),
        ("ids=b&ids=a&input_ids=in-1&input_ids=in-2", ["b", "a"]),
        ("ids=b&input_ids=in-2", []),
        ("task_id=t", ["b"]),
        ("user_ids=me", ["a", "a"]),
        ("user_ids=emulator-user", ["a", "a"]),
        ("user_ids=bob", ["b"]),
        ("user_ids=bob&user_ids=me", ["a", "b", "a"]),
        ("user_ids=me&input_ids=in-2", ["a"]),
        ("model_version_ids=m", []),
        ("workflow_version_ids=w", []),
        ("user_ids=bob&model_version_ids=m", ["b"]),
        ("list_all_annotations=true&return_model_output=true", ["a", "b", "a"]),
    ],
)
def test_a_list_is_filtered_as_asked(emulator: Emulator, query: str, ids: list[str]) -> None:
    post(emulator, tree("a"), tree("b", user_id="bob", task_id="t"), tree("a", input_id="in-2"))
    assert listed(emulator, query) == ids[::-1]


@pytest.mark.parametrize("query", ["ids=a", "ids=a&ids=b&input_ids=in-1", "ids=a&input_ids=in-1&input_ids=in-2"])
def test_ids_without_an_input_each_are_400_with_11102(emulator: Emulator, query: str) -> None:
    assert outcome(emulator, "GET", f"{APP}/annotations?{query}") == (400, 11102)
