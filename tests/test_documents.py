"""Which documents hold annotations to be stored: a body of PATCH, or for another app, is not read as one of POST."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clarifai_http_annotations import (
    Annotation,
    InvalidRequestError,
    MissingValueError,
    UnknownFieldWarning,
    read_annotations,
)
from clarifai_http_annotations.aws_lambda import handle
from clarifai_http_annotations.cli._app import run as program
from clarifai_http_annotations.labels import Problem, read_labels
from clarifai_http_annotations.testing import Emulator, serve

DOG = {"id": "a-1", "input_id": "in-1", "data": {"concepts": [{"id": "dog", "value": 1.0}]}}
CAT = {"id": "a-2", "input_id": "in-2", "data": {"concepts": [{"id": "cat", "value": 0.0}]}}
REMOVE = {"action": "remove", "annotations": [DOG]}
OURS = {"user_id": "emulator-user", "app_id": "ours"}
FILTER = {"filters": [{"annotation": {"data": {"concepts": [{"id": "people"}]}}}]}

REFUSED: dict[str, tuple[Any, str]] = {
    "PATCH": (REMOVE, "This is a body of PATCH (action: 'remove'), and would be read as one of POST: what it changes"),
    "PATCH with an empty action": ({"action": "", "annotations": [DOG]}, "This is a body of PATCH (action: '')"),
    "PATCH by its other field": (
        {"delete_if_empty_data": True, "annotations": [DOG]},
        "This is a body of PATCH (delete_if_empty_data: True)",
    ),
    "an annotation with an action": ({**DOG, "action": "remove"}, "This is a body of PATCH (action: 'remove')"),
    "an item with an action": (
        {"annotations": [CAT, {**DOG, "action": "remove"}]},
        "annotations[1]: This is a body of PATCH",
    ),
    "PATCH in a list of bodies": ([{"annotations": [CAT]}, REMOVE], "[1]: This is a body of PATCH (action: 'remove')"),
    "an answer with an action": ({"action": "merge", "annotation": DOG}, "This is a body of PATCH (action: 'merge')"),
    "an annotation of an answer with an action": (
        {"annotation": {**DOG, "action": "remove"}},
        "annotation: This is a body of PATCH (action: 'remove')",
    ),
    "an annotation of an answer for another app": (
        {"annotation": {**DOG, "user_app_id": {"user_id": "emulator-user", "app_id": "theirs"}}},
        "it is for the app 'theirs'",
    ),
    "an annotation of a hit with an action": (
        {"hits": [{"annotation": {**DOG, "action": "remove"}}]},
        "hits[0].annotation: This is a body of PATCH (action: 'remove')",
    ),
    "a hit for another app": (
        {"hits": [{"annotation": DOG, "user_app_id": {"user_id": "emulator-user", "app_id": "theirs"}}]},
        "it is for the app 'theirs'",
    ),
    "an app in other words": (
        {"annotations": [DOG], "user_app_id": {"userId": "emulator-user", "appId": "theirs"}},
        "Its user_app_id is no object with a user_id and an app_id",
    ),
    "another app": (
        {"user_app_id": {"user_id": "emulator-user", "app_id": "theirs"}, "annotations": [DOG]},
        "it is for the app 'theirs' of user 'emulator-user', and the app 'ours' of user 'emulator-user' is meant",
    ),
    "another app without a user": (
        {"user_app_id": {"app_id": "theirs"}, "annotations": [DOG]},
        "it is for the app 'theirs', and the app 'ours'",
    ),
    "another user": (
        {"user_app_id": {"user_id": "somebody", "app_id": "ours"}, "annotations": [DOG]},
        "it is for the app 'ours' of user 'somebody', and the app 'ours' of user 'emulator-user' is meant: store it th",
    ),
    "another user alone": (
        {"user_app_id": {"user_id": "somebody"}, "annotations": [DOG]},
        "it is for user 'somebody', and the app 'ours'",
    ),
    "another app in a list of bodies": (
        [{"user_app_id": {"app_id": "theirs"}, "annotations": [DOG]}],
        "[0]: Its user_app_id says that it is for the app 'theirs'",
    ),
    "another app of an item": (
        {"annotations": [{**DOG, "user_app_id": {"app_id": "theirs"}}]},
        "annotations[0]: Its user_app_id says",
    ),
    "an app that is no object": ({"user_app_id": "theirs", "annotations": [DOG]}, "user_app_id is no object with a"),
    "camelCase": ({"userAppId": {"appId": "theirs"}, "annotations": [DOG]}, "names in camelCase (userAppId)"),
    "DELETE": ({"ids": ["a-1"], "input_ids": ["in-1"]}, "This is a body of DELETE (input_ids): it names what is to go"),
    "DELETE of tracks": ({"input_id": "in-1", "ids": ["t-1"]}, "This is a body of DELETE (ids)"),
    "DELETE in a list": ([DOG, {"ids": ["a-1"], "input_ids": ["in-1"]}], "[1]: This is a body of DELETE (input_ids)"),
    "tracks": ({"annotation_tracks": [{"id": "t-1"}]}, "This holds tracks of a video (annotation_tracks)"),
    "inputs": ({"inputs": [{"id": "in-1", "data": DOG["data"]}]}, "of the route of inputs, and holds no annotations"),
    "an input": ({"status": {}, "input": {"id": "in-1", "data": DOG["data"]}}, "of the route of inputs, and holds no"),
    "a search": ({"searches": [{"query": FILTER}]}, "This is a search (searches), and holds no annotations"),
    "hits of inputs": (
        {"hits": [{"score": 1, "annotation": DOG}, {"score": 1, "input": {"id": "in-1"}}]},
        "hits[1] has no annotation, as in an answer of a search of inputs",
    ),
    "two things": ({"annotations": [DOG], "annotation": CAT}, "This has annotations and annotation, of which one"),
    "annotations and an input": ({"annotations": [DOG], "input": {"id": "in-1"}}, "This has annotations and input, of"),
    "annotations and inputs": ({"annotations": [DOG], "inputs": []}, "This has annotations and inputs, of which one"),
}

READ: dict[str, tuple[Any, list[str]]] = {
    "one": (DOG, ["dog"]),
    "POST": ({"annotations": [DOG, CAT]}, ["dog", "cat"]),
    "POST for this app": ({"user_app_id": OURS, "annotations": [DOG]}, ["dog"]),
    "POST for an app of the owner of the key": (
        {"user_app_id": {"user_id": "me", "app_id": "ours"}, "annotations": [DOG]},
        ["dog"],
    ),
    "POST for no app": ({"user_app_id": {"user_id": "", "app_id": ""}, "annotations": [DOG]}, ["dog"]),
    "null is nothing": ({"user_app_id": None, "hits": None, "annotations": [DOG]}, ["dog"]),
    "bodies": ([{"annotations": [DOG]}, {"user_app_id": OURS, "annotations": [CAT]}], ["dog", "cat"]),
    "an answer of GET": ({"status": {"code": 10000}, "annotation": DOG}, ["dog"]),
    "an answer of a search": (
        {
            "status": {"code": 10000},
            "hits": [{"score": 1, "annotation": DOG, "input": {"id": "in-1", "data": {"concepts": [{"id": "x"}]}}}],
            "query": FILTER,
            "searches": [{"query": FILTER}],
        },
        ["dog"],
    ),
    "hits alone": ([{"score": 1, "annotation": CAT, "input": {"id": "in-2"}}], ["cat"]),
}

Read = Callable[[Any, Path], list[str]]
"""Reads a document for the app of `OURS`, and returns the concepts in it."""


def of_annotations(document: Any, folder: Path) -> list[str]:
    found = read_annotations(json.dumps(document), **OURS)  # type: ignore[arg-type]
    return [concept.id for annotation in found for _, concept in annotation.each_concept()]


def of_line(document: Any, folder: Path) -> list[str]:
    return _of_file(json.dumps(document) + "\n\n", folder)


def of_document(document: Any, folder: Path) -> list[str]:
    return _of_file(json.dumps(document, indent=1), folder)


def _of_file(text: str, folder: Path) -> list[str]:
    path = folder / "a.json"
    path.write_text(text)
    problems: list[Problem] = []
    labels = list(read_labels(path, on_problem=problems.append, **OURS))  # type: ignore[arg-type]
    if problems:
        assert labels == []
        raise InvalidRequestError("\n".join(map(str, problems)))
    return [concept["id"] for label in labels for concept in label.annotation["data"]["concepts"]]


@pytest.fixture(params=[of_annotations, of_line, of_document], ids=["read_annotations", "lines", "document"])
def read(request: pytest.FixtureRequest) -> Read:
    found: Read = request.param
    return found


@pytest.mark.parametrize(("document", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_to_be_added_here_is_refused_by_its_name(
    document: Any, says: str, read: Read, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(document, tmp_path)
    assert says in str(refused.value)


@pytest.mark.parametrize(("document", "concepts"), READ.values(), ids=READ)
def test_what_holds_annotations_for_this_app_is_read(
    document: Any, concepts: list[str], read: Read, tmp_path: Path
) -> None:
    assert read(document, tmp_path) == concepts


def test_a_field_of_a_later_version_makes_no_other_body_of_an_annotation(read: Read, tmp_path: Path) -> None:
    of_files = read is not of_annotations  # which are told what is left out; of a model it is kept
    with pytest.warns(UnknownFieldWarning, match="inputs") if of_files else nullcontext():
        assert read({**DOG, "inputs": ["of a later version"]}, tmp_path) == ["dog"]


# --- the app that is meant --------------------------------------------------------------------------

NAMED = {"user_app_id": {"user_id": "u", "app_id": "a"}, "annotations": [DOG]}


@pytest.mark.parametrize("expected", [{}, {"user_id": "u"}, {"user_id": "me"}], ids=["nothing", "user", "me"])
def test_a_body_that_names_an_app_is_not_read_if_nobody_says_which_is_meant(expected: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError, match=r"for the app 'a' of user 'u', and nobody said which app is meant"):
        read_annotations(NAMED, **expected)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="for user 'u', and nobody said which app is meant"):
        read_annotations({"user_app_id": {"user_id": "u"}, "annotations": [DOG]})


@pytest.mark.parametrize("user_id", ["u", "me", None])
def test_the_owner_of_the_key_may_be_any_user(user_id: str | None) -> None:
    assert len(read_annotations(NAMED, user_id=user_id, app_id="a")) == 1
    with pytest.raises(InvalidRequestError, match="the app 'a' of user 'u', and the app 'b'"):
        read_annotations(NAMED, user_id=user_id, app_id="b")


def test_another_user_is_told_from_the_user_that_is_meant_without_an_app() -> None:
    body = {"user_app_id": {"user_id": "u"}, "annotations": [DOG]}
    assert len(read_annotations(body, user_id="u")) == 1
    with pytest.raises(InvalidRequestError, match="it is for user 'u', and user 'v' is meant"):
        read_annotations(body, user_id="v")


# --- polarity ----------------------------------------------------------------------------------------


def test_a_missing_value_is_looked_for_in_annotations_alone_and_named_by_its_place() -> None:
    unsaid = {"input_id": "in-3", "data": {"concepts": [{"id": "cow"}]}}
    answer = {"hits": [{"annotation": DOG}, {"annotation": unsaid}], "query": FILTER}
    with pytest.raises(MissingValueError) as refused:
        read_annotations(answer)
    assert [problem.split(" has ")[0] for problem in refused.value.problems] == [
        "hits[1].annotation.data.concepts[0] (input 'in-3'): concept 'cow'"
    ]
    read = read_annotations([answer, {"annotations": [unsaid]}], missing_value="negative")
    assert [concept.value for annotation in read for _, concept in annotation.each_concept()] == [1.0, 0.0, 0.0]


# --- through the doors --------------------------------------------------------------------------------


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.mark.parametrize("name", ["PATCH", "another app", "another user", "DELETE", "inputs"])
def test_the_function_of_aws_adds_nothing_of_it(name: str) -> None:
    document, says = REFUSED[name]
    emulator = Emulator()
    with emulator.client(**OURS) as client:
        with pytest.raises(InvalidRequestError) as refused:
            handle(document, Context(), client)
        assert says in str(refused.value)
        record = {"eventSource": "aws:sqs", "messageId": "m-1", "body": json.dumps(document)}
        good = {**record, "messageId": "m-2", "body": json.dumps({"user_app_id": OURS, "annotations": [CAT]})}
        answer = handle({"Records": [record, good]}, Context(), client)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert [annotation["id"] for annotation in emulator.annotations] == ["a-2"]


@pytest.mark.parametrize("name", ["PATCH", "another app", "another user", "DELETE", "inputs"])
@pytest.mark.parametrize("by", ["environment", "options"])
def test_the_command_says_it_in_check_and_sends_nothing(
    name: str, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, says = REFUSED[name]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    options = []
    with serve(Emulator()) as server:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("CLARIFAI_API_BASE", server.url)
        monkeypatch.setenv("CLARIFAI_PAT", "emulator-key")
        if by == "environment":
            monkeypatch.setenv("CLARIFAI_USER_ID", OURS["user_id"])
            monkeypatch.setenv("CLARIFAI_APP_ID", OURS["app_id"])
        else:
            options = ["--user-id", OURS["user_id"], "--app-id", OURS["app_id"]]
        for command in (["check"], ["upload"], ["upload", "--skip-problems"], ["stats"]):
            result = CliRunner().invoke(program, [*command, *options, str(path)])
            assert result.exit_code == 1
            assert says in result.stdout
        assert server.emulator.annotations == []


def test_a_body_of_patch_that_is_given_to_create_is_told_to_go_to_patch(connect: Any) -> None:
    emulator = Emulator()
    for give in (REMOVE, [REMOVE]):
        with pytest.raises(InvalidRequestError, match=r"annotations\[0\] is a body of PATCH: patch\(\) carries it out"):
            connect(emulator).create(give)
    [read] = read_annotations([DOG])
    assert isinstance(read, Annotation)
    assert emulator.annotations == []
