"""What `create` makes of every way in which a server can answer: nothing lost, doubled or turned around."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import sendable

from clarifai_http_annotations import (
    Annotation,
    APIConnectionError,
    BadRequestError,
    BoundingBox,
    ConflictError,
    FrameInfo,
    InvalidRequestError,
    InvalidResponseError,
    PartialFailureError,
    PermissionDeniedError,
    negative,
    positive,
)
from clarifai_http_annotations._wire.outcomes import lacks, match, prepare
from clarifai_http_annotations.testing import Emulator

Handler = Callable[[httpx.Request], httpx.Response]

TREE, WATER = Annotation.of("in-1", positive("tree")), Annotation.of("in-1", negative("water"))
BOAT = Annotation.of("in-2", positive("boat"), negative("tree"))


def answer(http_status: int, code: int, annotations: list[Any] | None = None, details: str = "") -> httpx.Response:
    tree: dict[str, Any] = {"status": {"code": code, "description": "d", "details": details, "req_id": "r1"}}
    return httpx.Response(http_status, json=tree if annotations is None else {**tree, "annotations": annotations})


def first_post(emulator: Emulator, instead: Handler) -> Handler:
    """Handle the first POST in another way than the emulator."""
    posts = iter([instead])

    def handle(request: httpx.Request) -> httpx.Response:
        return next(posts, emulator)(request) if request.method == "POST" else emulator(request)

    return handle


def rewritten(emulator: Handler, change: Callable[[list[Any]], list[Any]]) -> Handler:
    """Change the annotations in what the emulator answers to a POST."""

    def handle(request: httpx.Request) -> httpx.Response:
        response = emulator(request)
        tree = response.json()
        if request.method == "POST":
            tree["annotations"] = change(tree["annotations"])
        return httpx.Response(response.status_code, json=tree)

    return handle


def stored(emulator: Emulator) -> list[tuple[str, dict[str, float]]]:
    return [
        (tree["input_id"], {c["id"]: c["value"] for c in tree["data"]["concepts"]}) for tree in emulator.annotations
    ]


# --- the ordinary answer -----------------------------------------------------------------------------


@pytest.mark.parametrize("change", [lambda items: items[::-1], lambda items: random.Random(7).sample(items, 3)])
def test_answers_are_matched_by_id_and_given_in_the_order_asked(connect: Any, emulator: Emulator, change: Any) -> None:
    created = connect(rewritten(emulator, change)).create([TREE, WATER, BOAT])
    assert [[c.id for _, c in annotation.each_concept()] for annotation in created] == [
        ["tree"],
        ["water"],
        ["boat", "tree"],
    ]


def test_one_annotation_or_a_dict_or_a_generator_will_do(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(TREE)
    client.create({"input_id": "in-1", "data": {"concepts": [{"id": "water", "value": 0}]}})
    client.create(annotation for annotation in [BOAT])
    assert stored(emulator) == [("in-1", {"tree": 1.0}), ("in-1", {"water": 0.0}), ("in-2", {"boat": 1.0, "tree": 0.0})]


def test_identical_twins_are_sent_once_and_both_are_answered(connect: Any, emulator: Emulator) -> None:
    first, second, third = connect(emulator).create([TREE, BOAT, TREE])
    assert first == third != second
    assert len(emulator.annotations) == 2


def test_who_wants_twins_gives_them_ids(connect: Any, emulator: Emulator) -> None:
    connect(emulator).create([TREE.model_copy(update={"id": name}) for name in ("a", "b")])
    assert stored(emulator) == [("in-1", {"tree": 1.0})] * 2


def test_running_it_again_stores_nothing_twice(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    once, again = client.create([TREE, BOAT]), client.create([BOAT, TREE])
    assert {annotation.id for annotation in once} == {annotation.id for annotation in again}
    assert len(emulator.annotations) == 2


# --- refused before it is sent -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "there is no annotation"),
        ([TREE] * 129, r"1 to 128 annotations.*upload\(\)"),
        (iter([TREE] * 1000), "1 to 128"),
        ("tree", "not str"),
        (None, "not NoneType"),
        ([TREE, "tree"], r"annotations\[1\] is a str: give Annotation objects"),
        ([{"input_id": "in", "annotation_info": {"a": float("nan")}}], r"annotations\[0\] \(input 'in'\): NaN and inf"),
        ([{"input_id": "in", "data": {"metadata": {"a": [float("inf")]}}}], "NaN and infinity are no numbers of JSON"),
        ([{"input_id": "in", "data": {"metadata": {"a": {"\udc00": 1}}}}], "half a surrogate pair"),
        ([{"input_id": "in", "annotation_info": {"a": ["\ud800"]}}], "half a surrogate pair"),
        ([{"inputId": "in"}], r"inputId: there is no such field; did you mean 'input_id'\?"),
        ([{"input_id": "in", "dta": {}}], r"annotations\[0\] \(input 'in'\), dta: .*did you mean 'data'\?"),
        ([{"input_id": "in", "zzz": {}}], r"zzz: there is no such field$"),
        ([{"id": "a"}], r"annotations\[0\], input_id: is required"),
        ({"annotations": [TREE]}, r"annotations\[0\] is a whole request: give the list in it"),
        ([TREE, {"input_id": "in", "data": object()}], r"Nothing was sent\. annotations\[1\]: A object cannot be sent"),
        ([TREE.model_copy(update={"input_id": ""})], r"annotations\[0\], input_id: must not be empty"),
        (
            [TREE.model_copy(update={"id": "a"}), WATER.model_copy(update={"id": "a"})],
            r"annotations\[0\] and annotations\[1\] \(input 'in-1'\) have the same id 'a' and different content",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_place(connect: Any, emulator: Emulator, given: Any, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        connect(emulator).create(given)
    assert emulator.requests == []


def test_every_problem_of_an_annotation_is_listed(connect: Any, emulator: Emulator) -> None:
    box = {"top_row": 0.5, "left_col": -0.1, "bottom_row": 0.2, "right_col": float("nan")}
    wrong = {"input_id": "in", "data": {"regions": [{"region_info": {"bounding_box": box}}], "concepts": [{"id": "a"}]}}
    with pytest.raises(InvalidRequestError) as refused:
        connect(emulator).create([TREE, wrong])
    place = r"annotations[1] (input 'in'), data.regions[0].region_info.bounding_box"
    assert f"{place}.left_col: must be between 0 and 1, not -0.1" in str(refused.value)
    assert f"{place}.right_col: must be a finite number" in str(refused.value)
    assert "data.concepts[0].value: concept 'a' has no value" in str(refused.value)
    assert len(refused.value.problems) == 3


def test_a_long_list_of_problems_is_cut_in_the_text_and_whole_in_the_error(connect: Any, emulator: Emulator) -> None:
    with pytest.raises(InvalidRequestError, match=r"\.\.\. and 10 more in \.problems") as refused:
        connect(emulator).create({"input_id": "in", "data": {"concepts": [{"id": f"c{n}"} for n in range(20)]}})
    assert len(refused.value.problems) == 20


# --- duplicates --------------------------------------------------------------------------------------


def test_a_lost_answer_stores_nothing_twice(connect: Any, emulator: Emulator) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        emulator(request)
        raise httpx.ReadError("")

    created = connect(first_post(emulator, lost)).create([TREE, BOAT])
    assert [annotation.input_id for annotation in created] == ["in-1", "in-2"]
    assert len(emulator.annotations) == 2


def test_an_id_of_the_callers_that_holds_the_same_content_is_stored(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    mine = BOAT.model_copy(update={"id": "mine"})
    client.create(mine)
    [again] = client.create(mine)
    assert (again.id, again.created_at is not None) == ("mine", True)
    assert emulator.requests[-1].query["list_all_annotations"] == ["true"]


@given(tree=sendable)
def test_whatever_is_stored_is_recognised_as_what_was_sent(tree: Any) -> None:
    """Though it comes back with zeros, numbers of enums, ids and 64 bits as text."""
    with Emulator().client() as client:
        [first] = client.create(tree)
        [again] = client.create(tree)
    assert (first.id, first.data) == (again.id, again.data)


def test_an_id_of_the_callers_that_holds_other_content_is_a_conflict(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(TREE.model_copy(update={"id": "mine"}))
    with pytest.raises(ConflictError, match="id 'mine' of input 'in-1' holds other content") as conflict:
        client.create(Annotation.of("in-1", negative("tree"), id="mine"))
    assert conflict.value.operation == "create"
    assert stored(emulator) == [("in-1", {"tree": 1.0})]


def test_a_duplicate_that_is_not_there_is_a_failure(connect: Any, emulator: Emulator) -> None:
    item = {"input_id": "in-1", "id": "mine", "status": {"code": 40010, "description": "Duplicate"}}
    client = connect(first_post(emulator, lambda _: answer(400, 10020, [item])))
    with pytest.raises(ConflictError, match="40010 DATABASE_DUPLICATE_KEY"):
        client.create(TREE.model_copy(update={"id": "mine"}))


def test_a_batch_that_is_refused_as_duplicate_is_taken_apart(connect: Any, emulator: Emulator) -> None:
    """The server refuses the whole batch for one duplicate, without saying which."""
    client = connect(emulator)
    client.create(TREE)

    def whole(request: httpx.Request) -> httpx.Response:
        known = {(tree["input_id"], tree["id"]) for tree in emulator.annotations}
        asked = json.loads(request.content)["annotations"] if request.method == "POST" else []
        if any((tree["input_id"], tree["id"]) in known for tree in asked):
            return answer(400, 40003, details="duplicate id")
        return emulator(request)

    created = connect(whole).create([WATER, TREE, BOAT])
    assert [annotation.input_id for annotation in created] == ["in-1", "in-1", "in-2"]
    assert len(emulator.annotations) == 3


def test_a_batch_that_is_refused_as_duplicate_though_nothing_is_there_fails(connect: Any, emulator: Emulator) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return answer(409, 40010) if request.method == "POST" else emulator(request)

    with pytest.raises(PartialFailureError) as failure:
        connect(refuse).create([TREE, BOAT])
    assert [type(failed.error) for failed in failure.value.failed] == [ConflictError, ConflictError]
    assert [request.method for request in emulator.requests] == ["GET"]


def test_a_long_list_of_unclear_ids_is_asked_for_in_parts(connect: Any, emulator: Emulator) -> None:
    annotations = [Annotation.of(f"{n:032x}", positive("tree"), id=f"{n:032x}") for n in range(128)]
    client = connect(emulator)
    client.create(annotations)
    assert len(client.create(annotations)) == 128
    asked = [request.query for request in emulator.requests if request.method == "GET"]
    assert len(asked) > 1
    assert sorted(name for query in asked for name in query["ids"]) == sorted(a.id for a in annotations)


def test_when_asking_fails_what_is_known_of_the_others_is_told(connect: Any, emulator: Emulator) -> None:
    def cannot_be_asked(request: httpx.Request) -> httpx.Response:
        return answer(403, 11007) if request.method == "GET" else rewritten(emulator, lambda items: items[:1])(request)

    with pytest.raises(PartialFailureError) as failure:
        connect(cannot_be_asked).create([TREE, BOAT])
    assert [annotation.input_id for annotation in failure.value.succeeded] == ["in-1"]
    assert [type(failed.error) for failed in failure.value.failed] == [PermissionDeniedError]


def test_when_the_second_request_of_a_call_fails_what_the_first_found_is_told(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(TREE)
    posts = iter([answer(409, 40010), answer(403, 11007)])

    def refuse(request: httpx.Request) -> httpx.Response:
        return next(posts) if request.method == "POST" else emulator(request)

    with pytest.raises(PartialFailureError) as failure:
        connect(refuse).create([TREE, BOAT])
    assert [annotation.input_id for annotation in failure.value.succeeded] == ["in-1"]
    assert [(failed.index, type(failed.error)) for failed in failure.value.failed] == [(1, PermissionDeniedError)]


def test_a_status_that_was_asked_for_is_no_failure(connect: Any, emulator: Emulator) -> None:
    [stored] = connect(emulator).create(Annotation.of("in-1", status="ANNOTATION_FAILED"))
    assert stored.status is not None
    assert stored.status.code == 24152


# --- partial failure ---------------------------------------------------------------------------------


def test_when_some_fail_both_halves_are_told(connect: Any) -> None:
    emulator = Emulator(inputs=["in-1"])
    with pytest.raises(PartialFailureError, match=r"1 of 3 annotations were not stored") as failure:
        connect(emulator).create([TREE, BOAT, WATER])
    assert [annotation.input_id for annotation in failure.value.succeeded] == ["in-1", "in-1"]
    [failed] = failure.value.failed
    assert (failed.index, failed.annotation.input_id, type(failed.error)) == (1, "in-2", BadRequestError)
    assert "[1] input 'in-2'" in str(failure.value)
    assert "24155 ANNOTATION_INVALID_ARGUMENT" in str(failure.value)
    assert (failed.error.operation, failed.error.attempts) == ("create", 1)


def test_when_the_only_one_fails_its_own_error_is_raised(connect: Any) -> None:
    with pytest.raises(BadRequestError, match="input in-1 does not exist"):
        connect(Emulator(inputs=[])).create(TREE)


def test_a_refused_item_without_an_id_is_found_by_its_input(connect: Any) -> None:
    emulator = Emulator(inputs=["in-1"])

    def drop_ids(items: list[Any]) -> list[Any]:
        return [{k: v for k, v in item.items() if k != "id" or item["status"]["code"] == 24150} for item in items[::-1]]

    with pytest.raises(PartialFailureError) as failure:
        connect(rewritten(emulator, drop_ids)).create([TREE, BOAT, WATER])
    assert [failed.index for failed in failure.value.failed] == [1]


def test_an_annotation_of_which_the_answer_says_nothing_is_asked_for(connect: Any, emulator: Emulator) -> None:
    created = connect(rewritten(emulator, lambda items: items[:1])).create([TREE, BOAT])
    assert [annotation.input_id for annotation in created] == ["in-1", "in-2"]


def test_an_annotation_that_is_neither_answered_nor_there_has_failed(connect: Any, emulator: Emulator) -> None:
    client = connect(first_post(emulator, lambda _: answer(200, 10000, [])))
    with pytest.raises(InvalidResponseError, match="it says nothing of annotation"):
        client.create(TREE)


@pytest.mark.parametrize("status", [None, {}, {"code": 0}, {"code": 24151}, {"code": "ANNOTATION_AWAITING_REVIEW"}])
def test_under_a_plain_success_an_item_without_an_error_is_stored(
    connect: Any, emulator: Emulator, status: Any
) -> None:
    client = connect(rewritten(emulator, lambda items: [{**item, "status": status} for item in items]))
    assert len(client.create([TREE, BOAT])) == 2


def test_a_mixed_answer_whose_item_gives_no_reason_is_a_failure(connect: Any, emulator: Emulator) -> None:
    items = [{**prepare(TREE, 0).tree, "status": {"code": 77777}}, {"input_id": "odd"}, "odd"]
    with pytest.raises(BadRequestError, match="77777"):
        connect(first_post(emulator, lambda _: answer(207, 10010, items))).create(TREE)


def test_a_failure_that_is_no_list_of_items_is_the_error_of_the_whole(connect: Any) -> None:
    with pytest.raises(BadRequestError, match="10020 FAILURE"):
        connect(lambda _: answer(400, 10020)).create([TREE, BOAT])


@pytest.mark.parametrize("items", ["odd", {"id": 1}, 3])
def test_annotations_that_are_no_list_are_no_answer(connect: Any, items: Any) -> None:
    with pytest.raises(InvalidResponseError, match="annotations is no list"):
        connect(lambda _: answer(200, 10000, items)).create(TREE)


def test_an_outage_is_told_with_what_may_have_happened(connect: Any) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("")

    with pytest.raises(APIConnectionError, match="5 attempts") as failure:
        connect(broken).create(TREE)
    assert failure.value.maybe_done


# --- answers that do not decide ------------------------------------------------------------------------


def turned_around(items: list[Any]) -> list[Any]:
    items = json.loads(json.dumps(items))
    for item in items:
        for concept in item["data"]["concepts"]:
            concept["value"] = 1.0 - concept["value"]
    return items


def test_an_answer_that_turns_a_label_around_is_settled_by_asking(connect: Any, emulator: Emulator) -> None:
    created = connect(rewritten(emulator, turned_around)).create([TREE, WATER])
    assert [concept.value for annotation in created for _, concept in annotation.each_concept()] == [1.0, 0.0]


def test_an_answer_without_the_value_of_a_negative_is_settled_by_asking(connect: Any, emulator: Emulator) -> None:
    def forget(items: list[Any]) -> list[Any]:
        return [{**item, "data": {"concepts": [{"id": "water"}]}} for item in items]

    [created] = connect(rewritten(emulator, forget)).create(WATER)
    assert [concept.value for _, concept in created.each_concept()] == [0.0]


def test_a_label_that_is_stored_turned_around_is_a_conflict_and_no_success(connect: Any, emulator: Emulator) -> None:
    def flips(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            body = {"annotations": turned_around(json.loads(request.content)["annotations"])}
            request = httpx.Request("POST", request.url, headers={"authorization": "Key any"}, json=body)
        return emulator(request)

    with pytest.raises(ConflictError, match="holds other content"):
        connect(flips).create(WATER)


def test_refusals_without_ids_may_be_one_anothers_and_decide_nothing(connect: Any, emulator: Emulator) -> None:
    """One of the two is there already, the other was refused, and their answers come in the other order."""
    client = connect(emulator)
    client.create(TREE)
    items = [{"input_id": "in-1", "status": {"code": code}} for code in (24155, 40010)]
    with pytest.raises(PartialFailureError) as failure:
        connect(first_post(emulator, lambda _: answer(400, 10020, items))).create([TREE, WATER])
    assert [concept.id for a in failure.value.succeeded for _, concept in a.each_concept()] == ["tree"]
    assert [failed.index for failed in failure.value.failed] == [1]


@pytest.mark.parametrize(
    "status",
    [{"code": 24160}, {"code": 98009}, {"code": 40003, "details": "duplicate name"}, {"code": "BRAND_NEW"}, {}],
    ids=["unknown", "internal", "another duplicate", "new", "none"],
)
@pytest.mark.parametrize("is_there", [True, False], ids=["there", "not there"])
def test_a_status_that_does_not_decide_is_settled_by_asking(
    connect: Any, emulator: Emulator, status: Any, is_there: bool
) -> None:
    def unsure(request: httpx.Request) -> httpx.Response:
        if is_there:
            emulator(request)
        asked = json.loads(request.content)["annotations"]
        return answer(207, 10010, [{**item, "status": status} for item in asked])

    client = connect(first_post(emulator, unsure))
    if is_there:
        assert len(client.create([TREE, WATER])) == 2
    else:
        with pytest.raises(PartialFailureError, match="2 of 2 annotations were not stored; none is"):
            client.create([TREE, WATER])


def test_an_answer_that_says_two_things_of_one_annotation_is_settled_by_asking(
    connect: Any, emulator: Emulator
) -> None:
    def twice(items: list[Any]) -> list[Any]:
        return [{**items[0], "status": {"code": 24155}}, *items]

    assert len(connect(rewritten(emulator, twice)).create(TREE)) == 1


@pytest.mark.parametrize("items", [None, []], ids=["absent", "empty"])
def test_a_mixed_answer_without_items_is_settled_by_asking(connect: Any, emulator: Emulator, items: Any) -> None:
    def mixed(request: httpx.Request) -> httpx.Response:
        emulator(request)
        return answer(207, 10010, items)

    assert len(connect(first_post(emulator, mixed)).create([TREE, WATER])) == 2


def test_a_twin_that_failed_is_told_at_each_of_its_places(connect: Any) -> None:
    with pytest.raises(PartialFailureError, match="2 of 3 annotations") as failure:
        connect(Emulator(inputs=["in-2"])).create([TREE, TREE, BOAT])
    assert [failed.index for failed in failure.value.failed] == [0, 1]


# --- matching, as a property -------------------------------------------------------------------------


@given(st.data())
def test_any_order_of_answers_matches_every_item_to_its_own(data: st.DataObject) -> None:
    """Also if refused items come back without an id, as long as their inputs or contents differ."""
    annotations = [Annotation.of(f"in-{n % 3}", positive(f"c{n}"), negative("x")) for n in range(6)]
    items = [prepare(annotation, index) for index, annotation in enumerate(annotations)]
    answers = []
    for item in items:
        refused = data.draw(st.booleans())
        tree = {**item.tree, "status": {"code": 24155 if refused else 24150}}
        if refused and data.draw(st.booleans()):
            del tree["id"]
        answers.append((item.key, tree))
    shuffled = data.draw(st.permutations(answers))
    matched = match(items, [tree for _, tree in shuffled])
    assert {key: matched[key] for key, _ in answers} == dict(answers)


# --- content that was patched since ------------------------------------------------------------------


def test_content_that_was_turned_since_is_a_conflict_and_not_what_was_once_sent(
    connect: Any, emulator: Emulator
) -> None:
    client = connect(emulator)
    [stored] = client.create(WATER)
    client.set_value(stored.id, input_id="in-1", concept_id="water", value=True)
    with pytest.raises(ConflictError, match="holds other content"):
        client.create(WATER)
    assert client.get(stored.id, input_id="in-1").data.concepts[0].is_positive


def test_content_that_is_there_comes_back_as_the_server_has_it(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(WATER)
    [again] = client.create(WATER)
    assert again.created_at is not None
    again.annotation_info = {"round": 2}
    client.patch(again)
    assert emulator.requests[-1].body["annotations"] == [
        {"id": again.id, "input_id": "in-1", "annotation_info": {"round": 2}}
    ]


def listing(emulator: Emulator, instead: Callable[[], httpx.Response | None]) -> Handler:
    """Answer lists in another way than the emulator, as long as there is one."""

    def handle(request: httpx.Request) -> httpx.Response:
        is_list = request.method == "GET" and request.url.path.endswith("/annotations")
        return (instead() if is_list else None) or emulator(request)

    return handle


def test_a_duplicate_of_content_is_asked_for_until_the_list_has_caught_up(connect: Any, emulator: Emulator) -> None:
    late = iter([answer(200, 10000, [])] * 3)
    client = connect(listing(emulator, lambda: next(late, None)))
    client.create(WATER)
    [again] = client.create(WATER)
    assert [(concept.id, concept.value) for _, concept in again.each_concept()] == [("water", 0.0)]
    assert again.created_at is not None


@pytest.mark.parametrize(("took", "asked"), [(0.0, 4), (60.0, 1)], ids=["in time", "no time left"])
def test_a_duplicate_of_content_that_nobody_can_compare_is_no_success(
    connect: Any, emulator: Emulator, clock: Any, took: float, asked: int
) -> None:
    """A label may have been turned since it was stored."""
    lists = []

    def empty() -> httpx.Response:
        lists.append(clock.now)
        clock.now += took
        return answer(200, 10000, [])

    client = connect(listing(emulator, empty))
    client.create(WATER)
    with pytest.raises(ConflictError, match="which this content made, is taken in input 'in-1'") as conflict:
        client.create(WATER, deadline=60)
    assert conflict.value.maybe_done
    assert len(lists) == asked


def test_a_duplicate_of_content_is_no_success_if_the_question_fails(connect: Any, emulator: Emulator) -> None:
    client = connect(listing(emulator, lambda: answer(400, 11102)))
    client.create(WATER)
    with pytest.raises(BadRequestError) as failure:
        client.create(WATER)
    assert failure.value.maybe_done


def test_a_key_that_may_not_ask_stores_and_is_told_what_it_cannot_know(connect: Any, emulator: Emulator) -> None:
    client = connect(listing(emulator, lambda: answer(403, 11007)))
    client.create(WATER)
    with pytest.raises(PartialFailureError) as failure:
        client.create([WATER, BOAT])
    assert [annotation.input_id for annotation in failure.value.succeeded] == ["in-2"]
    [failed] = failure.value.failed
    assert isinstance(failed.error, PermissionDeniedError)
    assert failed.error.maybe_done
    assert "This key may not read annotations" in str(failed.error)


def test_a_label_that_was_turned_is_a_conflict_also_if_the_first_answer_was_lost(
    connect: Any, emulator: Emulator
) -> None:
    client = connect(emulator)
    [stored] = client.create(WATER)
    client.set_value(stored.id, input_id="in-1", concept_id="water", value=True)

    def lost(request: httpx.Request) -> httpx.Response:
        emulator(request)
        raise httpx.ReadError("")

    with pytest.raises(ConflictError, match="holds other content"):
        connect(first_post(emulator, lost)).create(WATER)


BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


def emptied(item: Any, place: str) -> Any:
    """Return an item of an answer that shows less."""
    if place == "data":
        return {**item, "data": {}}
    if place == "fewer regions":
        return {**item, "data": {"regions": item["data"]["regions"][1:]}}
    if place == "labels of a region":
        return {**item, "data": {"regions": [{**region, "data": {}} for region in item["data"]["regions"]]}}
    return {**item, "data": {place: []}}


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (WATER, "data"),
        (WATER, "concepts"),
        (Annotation.of("in-1", negative("water"), region=BOX), "regions"),
        (Annotation.of("in-1", negative("water"), region=BOX), "fewer regions"),
        (Annotation.of("in-1", negative("water"), region=BOX), "labels of a region"),
        (Annotation.of("in-1", negative("water"), frame=FrameInfo(time=40)), "frames"),
    ],
)
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "dropped"])
def test_a_success_that_shows_less_than_was_sent_is_settled_by_asking(
    connect: Any, emulator: Emulator, sent: Annotation, place: str, is_kept: bool
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and not is_kept:
            items = [emptied(item, place) for item in json.loads(request.content)["annotations"]]
            request = httpx.Request("POST", request.url, headers=request.headers, json={"annotations": items})
        return rewritten(emulator, lambda items: [emptied(item, place) for item in items])(request)

    if is_kept:
        [stored] = connect(handle).create([sent])
        assert [(concept.id, concept.value) for _, concept in stored.each_concept()] == [("water", 0.0)]
    else:
        with pytest.raises(ConflictError, match="holds other content"):
            connect(handle).create([sent])


LABELS = {"concepts": [{"id": "water", "value": 0}]}


@pytest.mark.parametrize(
    ("shown", "is_less"),
    [
        ({"regions": [{"data": LABELS}]}, False),
        ({"regions": [{"data": LABELS}, {"data": {}}]}, False),  # which of the two was sent is not plain
        ({"regions": [{"data": {"concepts": []}}]}, True),
        ({"regions": [{"data": {"concepts": None}}]}, True),
        ({"regions": [{}]}, True),
        ({"regions": ["odd"]}, False),  # reading it refuses it
        ({"regions": {}}, True),
        ({"regions": 3}, True),
        ({"image": {"url": "of the input"}}, True),
        ("odd", False),
        (None, False),
    ],
)
def test_what_an_answer_leaves_out_is_told_at_every_level(shown: Any, is_less: bool) -> None:
    assert lacks(shown, {"regions": [{"region_info": {}, "data": LABELS}], "metadata": {"a": 1}}) == is_less


def test_a_success_that_does_not_repeat_the_data_is_one(connect: Any, emulator: Emulator) -> None:
    quiet = rewritten(emulator, lambda items: [{k: v for k, v in item.items() if k != "data"} for item in items])
    connect(quiet).create([TREE, WATER])
    assert [request.method for request in emulator.requests] == ["POST"]


def test_a_success_that_shows_nothing_of_what_is_not_listed_either_is_none(connect: Any, emulator: Emulator) -> None:
    silent = listing(emulator, lambda: answer(200, 10000, []))
    client = connect(rewritten(silent, lambda items: [emptied(item, "data") for item in items]))
    with pytest.raises(InvalidResponseError, match="shows less of annotation") as failure:
        client.create(TREE)
    assert failure.value.maybe_done


def test_a_time_that_comes_back_as_text_is_no_other_content(connect: Callable[..., Any], emulator: Emulator) -> None:
    """protobuf's JSON prints 64 bits as text."""
    client = connect(emulator)
    [first] = client.create(Annotation.of("in", positive("tree"), frame=FrameInfo(time=5000)))
    [again] = client.create(Annotation.of("in", positive("tree"), frame=FrameInfo(time=5000)))
    assert again.id == first.id
    assert again.data == first.data


def test_a_success_that_shows_another_annotation_under_the_id_is_a_conflict(connect: Callable[..., Any]) -> None:
    client = connect(Emulator(duplicates="keep"))
    client.create(Annotation.of("in", positive("tree"), id="mine"))
    with pytest.raises(ConflictError, match="id 'mine' of input 'in' holds other content"):
        client.create(Annotation.of("in", positive("boat"), id="mine"))
