"""What the docs' "JavaScript (REST)" tabs about annotations send, as a table: method, route and body.

Most use the routes without user and app, and name both in the body. Of a body only the facts are kept here: which
fields there are, and which values; the ids are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

Tree = dict[str, Any]

USER, APP, IMAGE, OTHER = "ada", "zoo", "in-1", "in-2"
ANNOTATION, THEIR, REGION = "a1", "a2", "r1"
LONG = f"/v2/users/{USER}/apps/{APP}"
MINE = f"/v2/users/me/apps/{APP}"
SHORT = "/v2/annotations"
PAGE = "page=1&per_page=10"


def said(*values: tuple[str, int]) -> Tree:
    return {"concepts": [{"id": name, "value": value} for name, value in values]}


def region(concepts: Tree, **more: Any) -> Tree:
    return {"regions": [{**more, "data": concepts}]}


def box(top: float, left: float, bottom: float, right: float) -> Tree:
    return {"bounding_box": {"top_row": top, "left_col": left, "bottom_row": bottom, "right_col": right}}


def polygon(row: float, col: float) -> Tree:
    """Return the docs' own polygon, whose every point has one of its coordinates."""
    return {"polygon": {"points": [{"row": row}, {"col": col}, {"z": 0.5}]}}


def of_image(data: Tree, **more: Any) -> Tree:
    return {"input_id": IMAGE, "data": data, **more}


def existing(**more: Any) -> Tree:
    return {"input_id": IMAGE, "id": ANNOTATION, **more}


BOTH, BIKE = said(("tree", 1), ("water", 0)), said(("bike", 1))
EMBEDDED = {"embed_model_version_id": "e"}


class Asked(NamedTuple):
    """A request of a tab.

    Attributes:
        tab: Name of the docs' file, without its ending.
        method: HTTP method.
        target: Path and query.
        body: What is in the body beside user and app; ``None`` if there is none.
        says: The polarities that the annotations of the answer show, in the order of the request.
    """

    tab: str
    method: str
    target: str
    body: Tree | None
    says: list[list[float]] = []  # noqa: RUF012 # of a named tuple


def post(tab: str, *annotations: Tree, says: list[list[float]]) -> Asked:
    return Asked(tab, "POST", SHORT, {"annotations": list(annotations)}, says)


def patch(tab: str, annotation: Tree, action: str, says: list[float]) -> Asked:
    return Asked(tab, "PATCH", SHORT, {"annotations": [annotation], "action": action}, [says])


ASKED = [
    post("annotate_images_concepts", of_image(BOTH, **EMBEDDED), says=[[1, 0]]),
    post("annotate_images_multiple_concepts", of_image(said(*((f"c{n}", 1) for n in range(6)))), says=[[1] * 6]),
    post("positive_negative_1", of_image(said(("tree", 1), ("water", 1))), says=[[1, 1]]),
    post("positive_negative_2", of_image(said(("tree", 0), ("water", 0))), says=[[0, 0]]),
    post(
        "annotate_new_bounding_boxes_image",
        of_image(region(BOTH, region_info=box(0, 0, 0.5, 0.5)), **EMBEDDED),
        of_image(region(BIKE, region_info=box(0.6, 0.6, 0.8, 0.8)), **EMBEDDED),
        says=[[1, 0], [1]],
    ),
    post(
        "annotate_existing_regions_image",
        of_image(region(BOTH, id=REGION)),
        of_image(region(BIKE, id="r2")),
        says=[[1, 0], [1]],
    ),
    post(
        "annotate_polygons_image",
        of_image(region(BOTH, region_info=polygon(0.3, 0.5)), **EMBEDDED),
        of_image(region(BIKE, region_info=polygon(0.6, 0.8)), **EMBEDDED),
        says=[[1, 0], [1]],
    ),
    post("annotate_mask", of_image(region(BIKE, region_info={"mask": {"image": {"base64": "iVBORw0K"}}})), says=[[1]]),
    post(
        "annotate_images_user_id_status",
        {"input_id": IMAGE, "user_id": "bob", "status": {"code": "ANNOTATION_PENDING"}},
        says=[[]],
    ),
    patch("update_annotation_concepts", existing(data=said(("apple", 1))), "merge", [1, 0]),
    patch("update_annotation_concepts_region", existing(data=region(said(("boat", 1)), id=REGION)), "merge", [0, 1]),
    patch(
        "update_annotation_region_coordinates",
        existing(data=region(BIKE, region_info=box(0, 0, 1, 1))),
        "overwrite",
        [1],
    ),
    patch("update_annotation_status", existing(status={"code": "ANNOTATION_SUCCESS"}), "merge", [0, 0]),
    Asked(
        "list_all_annotations_app", "GET", f"{LONG}/annotations?{PAGE}&list_all_annotations=true", None, [[0], [0, 0]]
    ),
    Asked("list_user_created_annotations_app", "GET", f"{MINE}/annotations?{PAGE}", None, [[0, 0]]),
    Asked(
        "list_user_created_annotations_input_ids", "GET", f"{LONG}/annotations?{PAGE}&input_ids={IMAGE}", None, [[0, 0]]
    ),
    Asked(
        "list_annotations_input_annotation_ids",
        "GET",
        f"{LONG}/annotations?{PAGE}&input_ids={IMAGE}&input_ids={OTHER}&ids={ANNOTATION}&ids={THEIR}",
        None,
        [[0, 0]],
    ),
    Asked(
        "list_annotations_user_ids", "GET", f"{LONG}/annotations?{PAGE}&user_ids=bob&user_ids={USER}", None, [[0, 0]]
    ),
    Asked(
        "list_annotations_model_version_ids",
        "GET",
        f"{MINE}/annotations?{PAGE}&model_version_ids=v&model_version_ids=w",
        None,
        [[0]],
    ),
    Asked("delete_annotation_input_annotation_ids", "DELETE", f"{LONG}/inputs/{IMAGE}/annotations/{ANNOTATION}", None),
    Asked(
        "bulk_delete_annotations_input_annotation_ids",
        "DELETE",
        SHORT,
        {"input_ids": [IMAGE, OTHER], "ids": [ANNOTATION, THEIR]},
    ),
    Asked("bulk_delete_annotations_input_ids", "DELETE", SHORT, {"input_ids": [IMAGE, OTHER]}),
]
DELETED = {
    "delete_annotation_input_annotation_ids": {THEIR},
    "bulk_delete_annotations_input_annotation_ids": set[str](),
    "bulk_delete_annotations_input_ids": set[str](),
}
"""What is left after each DELETE."""


def send(emulator: Emulator, method: str, target: str, body: Tree | None) -> httpx.Response:
    return emulator(httpx.Request(method, f"http://localhost{target}", json=body, headers={"authorization": "Key pat"}))


@pytest.fixture
def emulator() -> Emulator:
    """Return an emulator with a person's annotation, with a concept beside a region and one in it, and a model's."""
    emulator = Emulator(user_id=USER)
    data = {**said(("apple", 0)), **region(said(("boat", 0)), id=REGION)}
    model = {
        "input_id": OTHER,
        "id": THEIR,
        "data": said(("tree", 0)),
        "worker": {"model": {"model_version": {"id": "v"}}},
    }
    assert (
        send(emulator, "POST", f"{LONG}/annotations", {"annotations": [existing(data=data), model]}).status_code == 200
    )
    return emulator


def values(data: Tree) -> Iterator[float]:
    yield from (concept["value"] for concept in data.get("concepts", ()))
    for part in data.get("regions", ()):
        yield from values(part["data"])


def test_there_are_22_of_them_and_15_name_no_app_in_their_path() -> None:
    assert len({asked.tab for asked in ASKED}) == len(ASKED) == 22
    assert sum(asked.target == SHORT for asked in ASKED) == 15


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.tab)
def test_each_is_answered_with_success_and_what_it_says(emulator: Emulator, asked: Asked) -> None:
    whose = {"user_app_id": {"user_id": USER, "app_id": APP}}
    body = None if asked.body is None else {**whose, **asked.body}
    response = send(emulator, asked.method, asked.target, body)
    answer = response.json()
    assert (response.status_code, answer["status"]["code"]) == (200, 10000)
    assert [list(values(tree["data"])) for tree in answer.get("annotations", ())] == asked.says
    assert emulator.missing_values == []
    assert {(whose["user_id"], whose["app_id"]) for whose, _ in emulator._everything()} <= {(USER, APP)}
    if asked.method == "DELETE":
        assert {tree["id"] for tree in emulator.annotations} == DELETED[asked.tab]


@pytest.mark.parametrize("asked", [asked for asked in ASKED if asked.body is not None], ids=lambda asked: asked.tab)
def test_the_same_body_does_the_same_on_the_route_with_user_and_app(emulator: Emulator, asked: Asked) -> None:
    response = send(emulator, asked.method, f"{LONG}/annotations", asked.body)
    assert [list(values(tree["data"])) for tree in response.json().get("annotations", ())] == asked.says


@pytest.mark.parametrize("asked", [asked for asked in ASKED if asked.method == "GET"], ids=lambda asked: asked.tab)
def test_the_same_list_is_on_the_route_without_them(emulator: Emulator, asked: Asked) -> None:
    query = {**parse_qs(urlsplit(asked.target).query), "user_app_id.user_id": ["me"], "user_app_id.app_id": [APP]}
    response = send(emulator, "GET", str(httpx.URL(SHORT, params=query)), None)
    assert [list(values(tree["data"])) for tree in response.json()["annotations"]] == asked.says
