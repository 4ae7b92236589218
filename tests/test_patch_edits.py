"""What a client returned is edited in place, anywhere, and patched: the server has the edit, or it is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import kinds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from clarifai_http_annotations import (
    Annotation,
    ClarifaiError,
    Concept,
    Data,
    Filter,
    InvalidRequestError,
    StatusCode,
    negative,
    positive,
)
from clarifai_http_annotations._wire.encode import to_tree
from clarifai_http_annotations._wire.ids import canonical
from clarifai_http_annotations.testing import Emulator

RETURNED_BY: dict[str, Callable[[Any], Annotation]] = {
    "get": lambda client: client.get("a", input_id="in"),
    "list": lambda client: next(iter(client.list())),
    "search": lambda client: next(iter(client.search(Filter(id="a")))).annotation,
    "create": lambda client: client.create(NESTED)[0],
    "patch": lambda client: client.patch({"id": "a", "input_id": "in", "task_id": "k"})[0],
    "set_value": lambda client: client.set_value("a", input_id="in", concept_id="tree", value=False),
}

NESTED: dict[str, Any] = {
    "id": "a",
    "input_id": "in",
    "data": {
        "concepts": [{"id": "tree", "value": 1}],
        "regions": [
            {
                "region_info": {"point": {"row": 0.5, "col": 0.5}},
                "data": {"concepts": [{"id": "boat", "value": 0}], "metadata": {"deep": {"n": 1}}},
            }
        ],
        "metadata": {"who": {"name": "A", "tags": []}, "flag": True},
    },
    "annotation_info": {"who": {"name": "A"}},
}


def say_who(annotation: Any) -> None:
    annotation.annotation_info["who"]["name"] = "B"


def tag(annotation: Any) -> None:
    annotation.data.metadata["who"]["tags"].append("new")


def count(annotation: Any) -> None:
    annotation.data.regions[0].data.metadata["deep"]["n"] += 1


def unflag(annotation: Any) -> None:
    annotation.data.metadata["flag"] = 1  # which is equal to True


def turn(annotation: Any) -> None:
    annotation.data.regions[0].data.concepts[0].value = 1


def await_review(annotation: Any) -> None:
    annotation.status.code = "ANNOTATION_AWAITING_REVIEW"


IN_PLACE = [say_who, tag, count, unflag, turn, await_review]


@pytest.mark.parametrize("returned_by", RETURNED_BY)
@pytest.mark.parametrize("edit", IN_PLACE, ids=lambda edit: edit.__name__)
def test_an_edit_in_place_of_what_a_client_returned_reaches_the_server(
    connect: Any, emulator: Emulator, returned_by: str, edit: Any
) -> None:
    client = connect(emulator)
    if returned_by != "create":
        client.create(NESTED)
    annotation: Any = RETURNED_BY[returned_by](client)
    edit(annotation)
    wanted = content(annotation)
    for _ in range(2):  # what was patched is remembered as well as what was read
        [patched] = client.patch(annotation)
        found = client.get("a", input_id="in")
        assert content(patched) == content(found) == wanted
        assert found.status.code == annotation.status.code
    assert sum(request.method == "PATCH" for request in emulator.requests) == 1 + (
        returned_by in ("patch", "set_value")
    )
    say_who(annotation)
    annotation.annotation_info["who"]["name"] += "!"
    client.patch(annotation)
    assert content(client.get("a", input_id="in")) == content(annotation)


def content(annotation: Annotation) -> str:
    """Return what an annotation says, with the user's own JSON exact; not the ids of parts, which a server makes."""
    tree = to_tree(annotation, "keep")
    own = [annotation.annotation_info, *(data.metadata for data in datas(annotation.data))]
    return canonical(without_part_ids(tree)) + json.dumps([value or {} for value in own], sort_keys=True)


def datas(data: Any) -> Iterator[Any]:
    if isinstance(data, Data):
        yield data
        for key in ("regions", "frames", "time_segments", "tracks"):
            for part in getattr(data, key):
                yield from datas(getattr(part, "data", None))  # an edit may put anything there


def without_part_ids(tree: Any, key: str = "") -> Any:
    if isinstance(tree, dict):
        hidden = {"id"} if key in ("regions", "frames", "time_segments", "tracks") else {"status", "worker"}
        return {name: without_part_ids(item, name) for name, item in tree.items() if name not in hidden}
    return [without_part_ids(item, key) for item in tree] if isinstance(tree, list) else tree


# --- anywhere, at random -----------------------------------------------------------------------------

keys = st.sampled_from(["a", "b", "id", "value", "concepts", "status", "region_info", "metadata", "input_id"])
anything = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 0.5, 2, "", "x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
own_json = st.dictionaries(keys, anything, min_size=1, max_size=3)


def with_own_json(tree: dict[str, Any], own: list[dict[str, Any]]) -> dict[str, Any]:
    tree = copy.deepcopy(tree)
    tree["annotation_info"], tree["data"]["metadata"] = own[:2]
    for region in tree["data"].get("regions", ()):
        region["data"]["metadata"] = own[2]
    return tree


rich = st.builds(with_own_json, kinds.stored, st.lists(own_json, min_size=3, max_size=3))


def editable(value: Any) -> Iterator[Any]:
    """Yield every object that can be edited in place."""
    if isinstance(value, BaseModel):
        yield value
        for item in vars(value).values():
            yield from editable(item)
    elif isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from editable(item)


def edit_one(node: Any, draw: Any) -> None:
    """Edit an object in one of the ways that it has."""
    if isinstance(node, dict):
        key = draw(st.sampled_from([*node, "new"]))
        how = draw(st.sampled_from(["set", "set", "delete", "clear"]))
        if how == "set":
            node[key] = draw(anything)
        elif how == "delete":
            node.pop(key, None)
        else:
            node.clear()
    elif isinstance(node, list):
        how = draw(st.sampled_from(["append", "insert", "pop", "reverse", "clear", "double"]))
        if how in ("append", "insert"):
            node.insert(len(node) if how == "append" else 0, draw(like(node)))
        elif how == "pop" and node:
            node.pop()
        elif how == "reverse":
            node.reverse()
        elif how == "double":
            node += copy.deepcopy(node)
        else:
            node.clear()
    else:
        name = draw(st.sampled_from(sorted(set(type(node).model_fields) - {"name"})))
        setattr(node, name, draw(st.sampled_from([*SCALARS, getattr(node, name)])))


def like(items: list[Any]) -> st.SearchStrategy[Any]:
    """Return what may be added to a list: of models, or of JSON."""
    if not items or not isinstance(items[0], BaseModel):
        return anything
    if isinstance(items[0], Concept):
        return st.sampled_from([positive("new"), negative("tree")])
    return st.just(copy.deepcopy(items[0]))


SCALARS: list[Any] = [None, 0, 1, 0.5, [], {}, {"new": {"a": None}}, "ANNOTATION_PENDING"]


def is_kept(node: Any) -> bool:
    """Leave out who made it: the emulator keeps that, whatever a patch says."""
    return type(node).__name__ not in ("Worker", "User")


@given(rich, st.sampled_from(["get", "list", "create"]), st.data())
@settings(max_examples=150)
def test_an_edit_anywhere_is_on_the_server_after_a_patch_or_it_is_refused(
    first: Any, returned_by: str, data: st.DataObject
) -> None:
    emulator = Emulator()
    client = emulator.client()
    [annotation] = client.create(first)
    if returned_by != "create":
        annotation = RETURNED_BY[returned_by](client)
    before = emulator.annotations
    untouched = copy.deepcopy(annotation)
    for _ in range(data.draw(st.integers(1, 3))):
        try:
            edit_one(data.draw(st.sampled_from([*filter(is_kept, editable(annotation))])), data.draw)
        except ValidationError:
            return  # the model refused it
    if annotation.user_id != untouched.user_id or annotation.worker != untouched.worker:
        return  # likewise
    status = annotation.status
    try:
        [patched] = client.patch(annotation)
    except InvalidRequestError:
        assert emulator.annotations == before
        return
    found = client.get("a", input_id="in")
    assert content(patched) == content(found) == content(annotation)
    assert status is not None
    assert found.status is not None
    assert found.status.code == StatusCode[status.code_name or ""]


# --- what cannot be said -----------------------------------------------------------------------------


def forget_status(annotation: Any) -> None:
    annotation.status = None


def agree(annotation: Any) -> None:
    annotation.consensus_info["votes"] = 3


def write_null(annotation: Any) -> None:
    annotation.data.metadata["gone"] = None


def take_null(annotation: Any) -> None:
    del annotation.data.metadata["null"]


def swap(annotation: Any) -> None:
    annotation.data.metadata["list"].reverse()


def forget_name(annotation: Any) -> None:
    annotation.data.concepts[0].name = None


def move_text(annotation: Any) -> None:
    annotation.data.text["url"] = "b"


def rename_field(annotation: Any) -> None:
    annotation.later["a"] = 2


REFUSED = {
    forget_status: "status: it can be replaced, and not taken out",
    agree: "consensus_info: only the server writes it",
    write_null: r"data\.metadata\.gone: a merge cannot write null",
    take_null: r"data\.metadata\.null: a merge cannot take it out",
    swap: r"data\.metadata\.list: a merge cannot change the order",
    forget_name: r"data\.concepts\.tree\.name: only the server writes it",
    move_text: "there is no such field",
    rename_field: "later: only the server writes it",
}

ANSWER = {
    "id": "a",
    "input_id": "in",
    "status": {"code": 24150},
    "worker": {"user": {"id": "me"}},
    "consensus_info": {"votes": 2},
    "later": {"a": 1},
    "data": {
        "concepts": [{"id": "tree", "value": 1, "name": "Tree"}],
        "metadata": {"null": None, "list": [{"id": "x"}, {"id": "y"}]},
        "text": {"url": "a"},
    },
}


def answering(sent: list[Any]) -> Any:
    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"status": {"code": 10000}, "annotation": ANSWER})
        sent.append(json.loads(request.content)["annotations"][0])
        return httpx.Response(200, json={"status": {"code": 10000}, "annotations": [ANSWER]})

    return server


@pytest.mark.parametrize("edit", REFUSED, ids=lambda edit: edit.__name__)
def test_an_edit_that_a_patch_cannot_say_is_refused_by_its_place(connect: Any, edit: Any) -> None:
    sent: list[Any] = []
    client = connect(answering(sent))
    annotation = client.get("a", input_id="in")
    edit(annotation)
    with pytest.raises(InvalidRequestError, match=REFUSED[edit]):
        client.patch(annotation)
    assert sent == []


@pytest.mark.parametrize("action", ["merge", "overwrite"])
def test_an_edit_inside_of_what_only_an_assignment_sends_is_sent(connect: Any, action: str) -> None:
    sent: list[Any] = []
    client = connect(answering(sent))
    annotation = client.get("a", input_id="in")
    del annotation.__pydantic_extra__["later"]
    annotation.data.__pydantic_extra__.clear()
    annotation.worker.user.id = "you"
    annotation.status.code = "ANNOTATION_PENDING"
    client.patch(annotation, action=action)
    changed = {"worker": {"user": {"id": "you"}}, "status": {"code": "ANNOTATION_PENDING"}}
    assert {name: sent[0][name] for name in changed} == changed
    if action == "merge":
        assert sent[0].keys() == {"id", "input_id", *changed}


def test_what_an_answer_says_is_not_shared_with_what_is_returned(connect: Any) -> None:
    client = connect(answering([]))
    annotation = client.get("a", input_id="in")
    said = copy.deepcopy(annotation._origin.tree)
    for node in list(editable(annotation)) + [annotation.data.text, annotation.later]:
        if isinstance(node, (dict, list)):
            node.clear()
    assert annotation._origin.tree == said


def losing(emulator: Any) -> Any:
    """Return a server that carries out each patch and answers the first as if it had not."""
    lost: list[None] = []

    def server(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        if request.method == "PATCH" and not lost:
            lost.append(None)
            return httpx.Response(502)
        return cast("httpx.Response", answer)

    return server


def add_a_label(annotation: Any) -> None:
    annotation.data.concepts.append(negative("boat"))


def take_it_back(annotation: Any) -> None:
    annotation.data.concepts.pop()


def add_a_key(annotation: Any) -> None:
    annotation.data.metadata["more"] = 1


def take_the_key_back(annotation: Any) -> None:
    del annotation.data.metadata["more"]


def change_a_list(annotation: Any) -> None:
    annotation.data.metadata["of"] = [2]


def change_it_back(annotation: Any) -> None:
    annotation.data.metadata["of"] = [1]


@pytest.mark.parametrize(
    ("edit", "undo", "action"),
    [
        (add_a_label, take_it_back, "merge"),
        (add_a_key, take_the_key_back, "merge"),
        (change_a_list, change_it_back, "overwrite"),
    ],
)
def test_an_edit_that_may_be_stored_is_not_taken_back_in_silence(
    connect: Any, emulator: Any, edit: Any, undo: Any, action: str
) -> None:
    connect(emulator).create(Annotation.of("in", positive("tree"), id="a", metadata={"of": [1]}))
    client = connect(losing(emulator), max_retries=0)
    annotation = client.get("a", input_id="in")
    edit(annotation)
    with pytest.raises(ClarifaiError):
        client.patch(annotation, action=action)
    undo(annotation)
    with pytest.raises(InvalidRequestError, match="a merge cannot"):
        client.patch(annotation)
    client.patch(annotation, action="overwrite")
    assert client.get("a", input_id="in").data == annotation.data


def test_what_a_lost_patch_may_have_done_is_known_after_one_that_was_refused(connect: Any, emulator: Any) -> None:
    connect(emulator).create(Annotation.of("in", positive("tree"), id="a"))
    answers = iter([502, 429])

    def server(request: httpx.Request) -> httpx.Response:
        status = next(answers, None) if request.method == "PATCH" else None
        if status == 429:
            return httpx.Response(429)
        answer: httpx.Response = emulator(request)
        return answer if status is None else httpx.Response(status)

    client = connect(server, max_retries=0)
    annotation = client.get("a", input_id="in")
    annotation.data.concepts[0].value = 0.0
    for _ in range(2):
        with pytest.raises(ClarifaiError):
            client.patch(annotation)
    annotation.data.concepts[0].value = 1.0
    client.patch(annotation)
    assert client.get("a", input_id="in").data.concepts[0].value == 1.0


def test_an_edit_while_a_patch_is_on_its_way_is_sent_by_the_next(connect: Any, emulator: Any) -> None:
    connect(emulator).create(Annotation.of("in", positive("tree"), id="a", metadata={"n": 0, "m": 0}))
    edited: list[Any] = []

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and edited:
            edited.pop().data.metadata["m"] = 7
        return cast("httpx.Response", emulator(request))

    client = connect(server)
    annotation = client.get("a", input_id="in")
    edited.append(annotation)
    annotation.data.metadata["n"] = 1
    client.patch(annotation)
    client.patch(annotation)
    assert client.get("a", input_id="in").data.metadata == {"n": 1, "m": 7}


def test_a_removal_does_not_take_all_that_is_left_of_what_a_client_returned(connect: Any, emulator: Any) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), negative("water"), id="a"))
    annotation = client.get("a", input_id="in")
    annotation.data.concepts.pop(0)
    with pytest.raises(InvalidRequestError, match=r"patch\(\{.*action=.remove"):
        client.patch(annotation)
    with pytest.raises(InvalidRequestError, match="a removal takes out what it names") as refused:
        client.patch(annotation, action="remove")
    assert '{"concepts": [{"id": ...}]}' in str(refused.value.hint)
    assert len(client.get("a", input_id="in").data.concepts) == 2
