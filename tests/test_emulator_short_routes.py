"""The emulator's routes without user and app in their path: these stand beside, or the key is an app's own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator, _command
from clarifai_http_annotations.testing._routes import ROUTES, SHORT, find_route

Tree = dict[str, Any]

WHOSE = {"user_app_id": {"user_id": "me", "app_id": "zoo"}}
IN_QUERY = "user_app_id.user_id=me&user_app_id.app_id=zoo"
LONG = "/v2/users/ada/apps/zoo"
OWN = "the-zoos-own-key"
ITEM = {"id": "a", "input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 0}]}}
TRACK = {"id": "t", "concept": {"id": "tree", "value": 0}}


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(user_id="ada", app_keys={OWN: ("ada", "zoo")})


def ask(emulator: Emulator, method: str, path: str, body: Any = None, key: str = "some-pat") -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    headers = {"authorization": f"Key {key}"}
    with httpx.Client(transport=httpx.MockTransport(emulator), base_url="http://localhost", headers=headers) as http:
        response = http.request(method, path, json=body)
    return response.status_code, response.json()


EVERY: list[tuple[str, str, Tree]] = [
    ("POST", "inputs", {"inputs": [{"id": "in-1"}]}),
    ("POST", "annotations", {"annotations": [ITEM, {**ITEM, "id": "b"}]}),
    ("PATCH", "annotations", {"annotations": [ITEM], "action": "merge"}),
    ("GET", "annotations", {}),
    ("GET", "annotations/workers", {}),
    ("GET", "inputs/in-1/annotations/a", {}),
    ("POST", "annotations/searches", {"searches": [{"query": {"filters": [{"annotation": {"id": "a"}}]}}]}),
    ("GET", "tasks/t/annotations/count", {}),
    ("POST", "inputs/in-1/annotation_tracks", {"annotation_tracks": [TRACK]}),
    ("GET", "inputs/in-1/annotation_tracks", {}),
    ("PATCH", "inputs/in-1/annotation_tracks", {"annotation_tracks": [TRACK], "action": "overwrite"}),
    ("POST", "inputs/in-1/track_annotations/searches", {"track_id": "t"}),
    ("DELETE", "inputs/in-1/annotation_tracks", {"ids": ["t"]}),
    ("DELETE", "inputs/in-1/annotations/a", {}),
    ("DELETE", "annotations", {"input_ids": ["in-1"], "ids": ["b"]}),
    ("DELETE", "inputs/annotations", {"input_ids": ["in-1"]}),
]
"""Every route that has a twin without user and app, in an order in which one finds what the others stored."""


def test_these_are_all_the_routes_that_have_such_a_twin() -> None:
    asked = {(method, tuple(find_route(f"/v2/{path}").handlers)) for method, path, _ in EVERY}
    there = {(method, tuple(handlers)) for handlers in SHORT.values() for method in handlers}
    assert asked == there
    assert ROUTES.keys() - SHORT.keys() == {"task/{}/annotations/status", "annotation_tracks"}


@pytest.mark.parametrize("way", ["beside it", "by the key"])
def test_each_does_the_same_as_its_twin_whether_the_app_is_said_beside_it_or_by_the_key(
    emulator: Emulator, way: str
) -> None:
    twin = Emulator(user_id="ada")
    for method, path, body in EVERY:
        in_path = path.replace("inputs/in-1/annotation_tracks", "annotation_tracks") if method == "DELETE" else path
        expected = ask(twin, method, f"{LONG}/{in_path}", {**body, "input_id": "in-1"} if in_path != path else body)
        if way == "by the key":
            found = ask(emulator, method, f"/v2/{path}", body or None, key=OWN)
        elif body:
            found = ask(emulator, method, f"/v2/{path}", {**body, **WHOSE})
        else:
            found = ask(emulator, method, f"/v2/{path}?{IN_QUERY}")
        assert (found[0], found[1].keys()) == (expected[0], expected[1].keys()), path
        assert found[0] == 200, (path, found[1])
    assert [labels for labels, _ in emulator._everything()] != []
    assert {(whose["user_id"], whose["app_id"]) for whose, _ in emulator._everything()} == {("ada", "zoo")}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user_app_id": None},
        {"user_app_id": {}},
        {"user_app_id": {"user_id": "me"}},
        {"user_app_id": {"app_id": "zoo"}},
    ],
    ids=repr,
)
def test_a_key_that_is_not_an_apps_own_has_to_say_both(emulator: Emulator, body: Tree) -> None:
    http_status, answer = ask(emulator, "POST", "/v2/annotations", {"annotations": [ITEM], **body})
    assert (http_status, answer["status"]["code"], answer["annotations"]) == (400, 11102, [])
    assert "user_app_id" in answer["status"]["details"]
    assert emulator.annotations == []


@pytest.mark.parametrize("said", [5, [], {"user_id": 5}], ids=repr)
def test_what_names_no_user_and_app_is_malformed(emulator: Emulator, said: Any) -> None:
    http_status, answer = ask(emulator, "POST", "/v2/annotations", {"annotations": [ITEM], "user_app_id": said})
    assert (http_status, answer["status"]["code"]) == (400, 11100)


@pytest.mark.parametrize("path", ["/v2/annotations?user_app_id.app_id=farm", "/v2/users/ada/apps/farm/annotations"])
def test_an_apps_own_key_opens_no_other_app(emulator: Emulator, path: str) -> None:
    http_status, answer = ask(emulator, "GET", path, key=OWN)
    assert (http_status, answer["status"]["code"], answer["annotations"]) == (403, 11007, [])


@pytest.mark.parametrize(
    "path", [f"/v2/annotations?{IN_QUERY}", f"{LONG}/annotations", "/v2/users/me/apps/zoo/annotations"]
)
def test_an_apps_own_key_may_name_its_app(emulator: Emulator, path: str) -> None:
    assert ask(emulator, "GET", path, key=OWN)[0] == 200


def test_what_is_in_the_path_counts_before_what_is_beside_it(emulator: Emulator) -> None:
    """Clarifai's JSON channel sends both."""
    other = {"user_app_id": {"user_id": "bob", "app_id": "farm"}}
    ask(emulator, "POST", f"{LONG}/annotations", {"annotations": [ITEM], **other})
    assert {(whose["user_id"], whose["app_id"]) for whose, _ in emulator._everything()} == {("ada", "zoo")}


@pytest.mark.parametrize("prefix", ["/v2", "/some/gateway/v2", "/v2/users/ada/apps/v2"])
def test_a_gateway_may_stand_before_and_an_app_may_be_called_v2(emulator: Emulator, prefix: str) -> None:
    assert ask(emulator, "GET", f"{prefix}/annotations?{IN_QUERY}")[0] == 200


def test_an_app_called_v2_is_not_taken_for_the_beginning_of_a_path(emulator: Emulator) -> None:
    ask(emulator, "POST", "/v2/users/ada/apps/v2/annotations", {"annotations": [ITEM]})
    assert [whose["app_id"] for whose, _ in emulator._everything()] == ["v2"]


def test_the_status_of_a_task_has_no_such_twin(emulator: Emulator) -> None:
    body = {"action": "overwrite", "status_code": "ANNOTATION_SUCCESS", **WHOSE}
    assert ask(emulator, "PATCH", "/v2/task/t/annotations/status", body)[0] == 404
    assert ask(emulator, "DELETE", "/v2/annotation_tracks", {"input_id": "in-1", "ids": ["t"], **WHOSE})[0] == 404


def test_with_a_pat_that_is_the_only_one_an_apps_own_key_is_accepted_and_another_is_not() -> None:
    emulator = Emulator(pat="secret", user_id="ada", app_keys={OWN: ("ada", "zoo")})
    assert ask(emulator, "GET", "/v2/annotations", key=OWN)[0] == 200
    assert ask(emulator, "GET", "/v2/annotations", key="other")[1]["status"]["code"] == 11009


def test_the_command_takes_keys_of_apps_and_shows_none_that_it_cannot_read(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = _command.emulator_of(_command.tell(["--user-id", "ada", "--app-key", f"{OWN}=zoo"]))
    assert ask(emulator, "GET", "/v2/annotations", key=OWN)[0] == 200
    for said in (OWN, f"{OWN}=", "=zoo"):
        with pytest.raises(SystemExit):
            _command.tell(["--app-key", said])
    errors = capsys.readouterr().err
    assert "must be like KEY=APP" in errors
    assert OWN not in errors


def test_keys_are_not_shown(emulator: Emulator) -> None:
    assert OWN not in repr(vars(emulator))


@pytest.mark.parametrize(
    ("app_keys", "error"),
    [({5: ("ada", "zoo")}, TypeError), ({OWN: "zoo"}, ValueError), ({OWN: ("a", "b", "c")}, ValueError)],
)
def test_keys_that_cannot_be_are_refused(app_keys: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Emulator(app_keys=app_keys)
