"""An app's own key: a client with it needs neither user nor app; one with any other key needs both, as ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    Client,
    ConfigurationError,
    InvalidRequestError,
    PermissionDeniedError,
    negative,
    positive,
)
from clarifai_http_annotations.cli._app import run as program
from clarifai_http_annotations.testing import Emulator, serve

LABELLED = {"input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1}]}}

OWN = "fedcba9876543210fedcba9876543210"
NONE = {"pat": None, "user_id": None, "app_id": None}


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(app_keys={OWN: ("ada", "zoo")})


@pytest.fixture
def client(connect: Any, emulator: Emulator) -> Any:
    return connect(emulator, **NONE, app_key=OWN)


def test_every_operation_but_one_works_without_user_and_app(client: Any, emulator: Emulator, tmp_path: Any) -> None:
    said = Annotation.of("in-1", negative("tree"), id="a", task_id="t")
    client.create([said, Annotation.of("in-1", positive("boat"), id="b")])
    assert client.upload([Annotation.of("in-2", negative("boat"))]).is_complete
    assert {found.id for found in client.list(input_ids="in-1")} == {"a", "b"}
    client.set_value("a", input_id="in-1", concept_id="tree", value=True)
    client.patch(client.get("a", input_id="in-1"), action="merge")
    assert [hit.annotation.id for hit in client.search(positive("tree"))] == ["a"]
    assert [worker.user.id for worker in client.list_workers()] == ["ada"]
    assert len(client.count_task_annotations("t")) == 1
    client.create_tracks("in-1", AnnotationTrack(id="t", concept=negative("boat")))
    client.patch_tracks("in-1", AnnotationTrack(id="t", concept=positive("boat")))
    assert [track.id for track in client.list_tracks("in-1")] == ["t"]
    client.search_track("in-1", track_id="t")
    client.delete_tracks("t", input_id="in-1")
    client.delete("b", input_id="in-1")
    client.delete_many([said])
    client.delete_all_of_inputs("in-2")
    assert {request.path.split("/")[2] for request in emulator.requests} <= {"annotations", "inputs", "tasks"}
    assert emulator.annotations == []
    assert not emulator.missing_values


def test_the_status_of_a_task_needs_the_app_by_name(client: Any, emulator: Emulator) -> None:
    with pytest.raises(InvalidRequestError, match="set_task_status needs the app by name") as caught:
        client.set_task_status("t", "ANNOTATION_SUCCESS")
    assert "with_options()" in str(caught.value)
    assert emulator.requests == []
    client.with_options(user_id="ada", app_id="zoo").set_task_status("t", "ANNOTATION_SUCCESS")


def test_a_journal_needs_the_app_by_name(client: Any, emulator: Emulator, tmp_path: Any) -> None:
    """Of two apps without names one would take what the other has for its own."""
    with pytest.raises(ConfigurationError, match="A journal is of one app"):
        client.upload([Annotation.of("in-1", positive("tree"))], journal=tmp_path / "j")
    assert emulator.requests == []
    named = client.with_options(user_id="ada", app_id="zoo")
    assert named.upload([Annotation.of("in-1", positive("tree"))], journal=tmp_path / "j").is_complete


@pytest.mark.parametrize(
    ("given", "environ"),
    [({"user_id": "ada", "app_id": "zoo"}, {}), ({}, {"USER_ID": "ada", "APP_ID": "zoo"})],
    ids=["argument", "environment"],
)
def test_an_app_that_is_named_is_the_one_that_is_asked(
    connect: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, given: Any, environ: dict[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(f"CLARIFAI_{name}", value)
    connect(emulator, **{**NONE, **given}, app_key=OWN).create(Annotation.of("in-1", positive("tree")))
    assert emulator.requests[0].path == "/v2/users/ada/apps/zoo/annotations"


def test_an_app_that_is_not_the_keys_is_refused_by_the_api(connect: Any, emulator: Emulator) -> None:
    with pytest.raises(PermissionDeniedError):
        list(connect(emulator, **{**NONE, "user_id": "ada", "app_id": "farm"}, app_key=OWN).list())


def test_the_environment_may_have_it_and_a_pat_counts_before(
    connect: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARIFAI_APP_KEY", OWN)
    monkeypatch.setenv("CLARIFAI_USER_ID", "me")  # which many have set for everything, and which names no app
    list(connect(emulator, **NONE).list())
    assert emulator.requests[0].path == "/v2/annotations"
    monkeypatch.setenv("CLARIFAI_PAT", "0" * 32)
    with pytest.raises(ConfigurationError, match="There is no app_id"):
        connect(emulator, **NONE)


@pytest.mark.parametrize("key", [{"pat": OWN}, {"token": OWN}], ids=["pat", "token"])
@pytest.mark.parametrize("missing", ["user_id", "app_id"])
def test_no_other_key_goes_another_way_because_something_was_forgotten(
    connect: Any, key: dict[str, str], missing: str
) -> None:
    given = {**NONE, "user_id": "ada", "app_id": "zoo", **key, missing: None}
    with pytest.raises(ConfigurationError, match=f"There is no {missing}"):
        connect(**given)
    with pytest.raises(ConfigurationError, match=r"There is no user_id.*There is no app_id.*app_key= needs none"):
        connect(**{**NONE, **key})


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"app_key": OWN, "user_id": "ada"}, "user_id= without app_id= names no app"),
        ({"app_key": OWN, "app_id": "zoo"}, "There is no user_id"),
        ({"app_key": OWN, "pat": OWN}, "pat= and app_key= are two ways"),
        ({"app_key": OWN, "token": OWN}, "token= and app_key= are two ways"),
        ({"app_key": OWN, "token": OWN, "pat": OWN}, "pat= and token= and app_key= are three ways"),
        ({"app_key": f"Key {OWN}"}, "app_key must be the key alone"),
        ({"app_key": 5}, "app_key must be text"),
        ({"app_key": ""}, "There is no key"),
    ],
)
def test_what_cannot_be_is_refused_and_no_key_is_shown(connect: Any, given: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        connect(**{**NONE, **given})
    assert OWN not in str(caught.value)


def test_a_copy_has_the_same_key_or_another(connect: Any, emulator: Emulator, client: Any) -> None:
    list(client.with_options(max_retries=0).list())
    assert emulator.requests[-1].path == "/v2/annotations"
    with pytest.raises(ConfigurationError, match="There is no user_id"):
        client.with_options(pat="0" * 32)
    ordinary = connect(emulator, user_id="ada", app_id="zoo")
    list(ordinary.with_options(app_key=OWN).list())
    assert emulator.requests[-1].path == "/v2/users/ada/apps/zoo/annotations"


def test_a_client_of_the_emulator_takes_it(emulator: Emulator) -> None:
    with emulator.client(app_key=OWN) as client:
        client.create(Annotation.of("in-1", positive("tree")))
    assert emulator.requests[0].path == "/v2/annotations"


def test_the_command_takes_it_from_the_environment() -> None:
    emulator = Emulator(app_keys={OWN: ("ada", "zoo")})
    with serve(emulator) as server:
        with server.client(app_key=OWN) as client:
            client.create(Annotation.of("in-1", negative("tree"), id="a"))
        environ = {"CLARIFAI_API_BASE": server.url, "CLARIFAI_APP_KEY": OWN}
        command = [sys.executable, "-m", "clarifai_http_annotations.cli", "list", "--json"]
        done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"value":0' in done.stdout.replace(" ", "")
    assert OWN not in done.stdout + done.stderr
    assert emulator.requests[-1].path == "/v2/annotations"


@pytest.mark.parametrize(
    "others",
    [{"USER_ID": "ada"}, {"APP_ID": " "}, {"PAT": " "}, {"USER_ID": " ada\n", "APP_ID": "zoo "}],
    ids=["a user", "an empty app", "an empty PAT", "spaces"],
)
def test_the_command_reads_the_environment_as_a_client_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: dict[str, str]
) -> None:
    with serve(Emulator(app_keys={OWN: ("ada", "zoo")})) as server:
        for name, value in {"API_BASE": server.url, "APP_KEY": OWN, **others}.items():
            monkeypatch.setenv(f"CLARIFAI_{name}", value)
        assert CliRunner().invoke(program, ["list"]).exit_code == 0
        if "APP_ID" in others and others["APP_ID"].strip():
            named = {"user_app_id": {"user_id": "ada", "app_id": "zoo"}, "annotations": [LABELLED]}
            (tmp_path / "a.json").write_text(json.dumps(named))
            assert CliRunner().invoke(program, ["check", str(tmp_path / "a.json")]).exit_code == 0
        with Client() as client:
            assert list(client.list()) == []


def test_an_upload_of_the_command_needs_the_app_named_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLARIFAI_APP_KEY", OWN)
    (tmp_path / "a.csv").write_text("input_id,concept,value\nin-1,tree,1\n")
    result = CliRunner().invoke(program, ["upload", str(tmp_path / "a.csv")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "name it, with --user-id and --app-id" in result.stderr


def test_the_key_is_not_shown(emulator: Emulator) -> None:
    with Client(app_key=OWN) as client:
        assert OWN not in repr(client)
