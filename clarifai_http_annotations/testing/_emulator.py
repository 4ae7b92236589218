"""An emulator of Clarifai's annotation routes: a callable from request to response.

It does what is known of the API, and where nothing is known it does the plainest thing: the
HTTP status of some errors, what a duplicate id is answered with, and the checks of values are
guesses. What the library promises does not rest on a guess.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, unquote
from uuid import uuid4

import httpx
from pydantic import ValidationError

from .._wire.answers import parse_json
from .._wire.guard import describe, find_concepts, has_no_value, place_of
from ..client import AsyncClient, Client
from ..models._base import read
from ..models.annotation import Annotation
from ..models.status import StatusCode, known_code
from ._state import App, Recorded, State, Tree

MAX_ANNOTATIONS = 128
MAX_PER_PAGE = 1000
DEFAULT_PER_PAGE = 20


class _Refused(Exception):  # noqa: N818 # not an error of the emulator: an answer of it
    def __init__(self, http_status: int, code: int, description: str, details: str = "") -> None:
        self.http_status = http_status
        self.status = {"code": int(code), "description": description, "details": details}


class Emulator:
    """Clarifai's annotation routes in memory, for ``httpx.MockTransport`` and for respx.

    Args:
        pat: The only key that is accepted; any is if absent.
        user_id: Who ``me`` is: the owner of the key.
        apps: The (user, app) pairs that exist; any exists if absent.
        inputs: The inputs that exist; any exists if absent.
        strict: Refuse a request in which a concept has no ``value``, instead of storing it as
            positive as the API does.

    Attributes:
        requests: Every request that came, a `Recorded` each.
        missing_values: Every place in which a concept came without ``value``, strict or not.
    """

    def __init__(
        self,
        *,
        pat: str | None = None,
        user_id: str = "emulator-user",
        apps: Collection[tuple[str, str]] | None = None,
        inputs: Collection[str] | None = None,
        strict: bool = False,
    ) -> None:
        self._pat = pat
        self._user_id = user_id
        self._apps = apps
        self._inputs = inputs
        self._strict = strict
        self._state = State()
        self._lock = threading.Lock()
        self.requests: list[Recorded] = []
        self.missing_values: list[str] = []

    @property
    def annotations(self) -> list[Tree]:
        """Everything that is stored, in all apps, as the API would list it; a copy."""
        with self._lock:
            return deepcopy([tree for stored in self._state.apps.values() for tree in stored.values()])

    def client(self, **settings: Any) -> Client:
        """Return a client of this emulator; takes the arguments of `Client`."""
        return Client(**self._settings(settings))

    def async_client(self, **settings: Any) -> AsyncClient:
        """Return an asynchronous client of this emulator; takes the arguments of `AsyncClient`."""
        return AsyncClient(**self._settings(settings))

    def _settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        key = {} if "token" in settings else {"pat": self._pat or "emulator-key"}
        place = {"user_id": "me", "app_id": "emulator-app", "base_url": "http://localhost"}
        return {**key, **place, "transport": httpx.MockTransport(self), **settings}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        content = request.read()
        body, _ = parse_json(content)
        broken = bool(content) and body is None
        with self._lock:
            self.requests.append(Recorded(request.method, path, parse_qs(query, keep_blank_values=True), body))
            try:
                self._authenticate(request)
                if broken:
                    raise _Refused(400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", "malformed JSON")
                http_status, answer = self._route(self.requests[-1])
            except RecursionError:
                http_status, answer = 400, {"status": {"code": 11100, "description": "JSON that is nested too deep"}}
            except _Refused as refused:
                http_status, answer = refused.http_status, {"status": refused.status}
                if path.endswith("/annotations"):
                    answer["annotations"] = []  # repeated fields are shown even when they are empty
        answer["status"]["req_id"] = uuid4().hex
        return httpx.Response(http_status, content=json.dumps(answer), headers={"content-type": "application/json"})

    # --- routes ----------------------------------------------------------------------------------

    def _authenticate(self, request: httpx.Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key if scheme == "Key" else request.headers.get("x-clarifai-session-token", "")
        if not key:
            details = "Empty or malformed authorization header. Please provide an API key or session token."
            raise _Refused(401, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)
        if self._pat is not None and key != self._pat:
            raise _Refused(401, StatusCode.CONN_KEY_NOT_FOUND, "API key not found", "invalid key")

    def _route(self, request: Recorded) -> tuple[int, Tree]:
        match [unquote(segment) for segment in request.path.split("/")]:
            case ["", *_, "v2", "users", user, "apps", app_id, "annotations"]:
                app = self._app(user, app_id)
                if request.method == "POST":
                    return self._post(app, request.body)
                if request.method == "GET":
                    return self._list(app, request.query)
            case ["", *_, "v2", "users", user, "apps", app_id, "inputs", input_id, "annotations", annotation_id]:
                app = self._app(user, app_id)
                if request.method == "GET":
                    return 200, {
                        "status": _success(),
                        "annotation": _as_answer(self._find(app, input_id, annotation_id)),
                    }
                if request.method == "DELETE":
                    self._find(app, input_id, annotation_id)
                    del self._state.of(app)[input_id, annotation_id]
                    return 200, {"status": _success()}
            case _:
                raise _Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Not found", "the emulator has no such route")
        raise _Refused(400, StatusCode.CONN_METHOD_NOT_ALLOWED, "Method not allowed", "Method Not Allowed")

    def _app(self, user: str, app_id: str) -> App:
        app = (self._user_id if user == "me" else user, app_id)
        if self._apps is not None and app not in self._apps:
            details = f"app {app_id} of user {app[0]} does not exist"
            raise _Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Resource does not exist", details)
        return app

    def _find(self, app: App, input_id: str, annotation_id: str) -> Tree:
        found = self._state.of(app).get((input_id, annotation_id))
        if found is None:
            details = f"annotation {annotation_id} of input {input_id} does not exist"
            raise _Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Resource does not exist", details)
        return found

    # --- POST annotations --------------------------------------------------------------------------

    def _post(self, app: App, body: Any) -> tuple[int, Tree]:
        asked = body.get("annotations") if isinstance(body, dict) else None
        if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_ANNOTATIONS:
            details = f"annotations must be a list of 1 to {MAX_ANNOTATIONS}"
            raise _Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)
        self._look_for_missing_values(body)
        _check_shape(asked)
        outcomes = [(self._refusal(app, tree) or self._state.add(app, tree), tree) for tree in asked]
        answered = [_refused(tree, said) if isinstance(said, tuple) else _as_answer(said) for said, tree in outcomes]
        failed = sum(isinstance(said, tuple) for said, _ in outcomes)
        if not failed:
            return 200, {"status": _success(), "annotations": answered}
        if failed < len(answered):
            return 207, {"status": {"code": 10010, "description": "Mixed Success"}, "annotations": answered}
        return 400, {"status": {"code": 10020, "description": "Failure"}, "annotations": answered}

    def _look_for_missing_values(self, body: Tree) -> None:
        missing = [describe(body, place) for place, concept in find_concepts(body) if has_no_value(concept)]
        self.missing_values += missing
        if missing and self._strict:
            details = f"strict emulator: no value, which HTTP takes for positive, in {'; '.join(missing)}"
            raise _Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)

    def _refusal(self, app: App, asked: Tree) -> tuple[int, str, str] | None:
        invalid, said = StatusCode.ANNOTATION_INVALID_ARGUMENT, "Annotation invalid argument"
        input_id = asked.get("input_id")
        if not input_id:
            return invalid, said, "input_id is required"
        if self._inputs is not None and input_id not in self._inputs:
            return invalid, said, f"input {input_id} does not exist"
        data = asked.get("data") or {}
        for key in ("regions", "frames"):
            if len(data.get(key) or ()) > 1:
                return invalid, said, f"at most one of {key} an annotation"
        if (input_id, asked.get("id")) in self._state.of(app):
            duplicate = "Object has a duplicate ID; another object with same ID already exist"
            return StatusCode.DATABASE_DUPLICATE_KEY, "Database duplicate key", duplicate
        return None

    # --- GET annotations ---------------------------------------------------------------------------

    def _list(self, app: App, query: dict[str, list[str]]) -> tuple[int, Tree]:
        page, per_page = _number(query, "page", 1), _number(query, "per_page", DEFAULT_PER_PAGE)
        if page < 1 or not 1 <= per_page <= MAX_PER_PAGE:
            raise _Refused(400, StatusCode.CONN_INVALID_RANGE, "Invalid request", "page or per_page is out of range")
        ids, input_ids = query.get("ids"), query.get("input_ids")
        if ids and len(ids) != len(input_ids or ()):
            raise _Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", "ids and input_ids are pairs")
        pairs = set(zip(input_ids or (), ids or (), strict=False))
        # any of these made it; here, people made everything
        made_by = [
            name for key in ("user_ids", "model_version_ids", "workflow_version_ids") for name in query.get(key, ())
        ]
        makers = {self._user_id if name == "me" else name for name in made_by}
        found = [
            tree
            for key, tree in self._state.of(app).items()
            if (not pairs or key in pairs)
            and (not input_ids or key[0] in input_ids)
            and ("task_id" not in query or tree.get("task_id") in query["task_id"])
            and (not makers or tree["user_id"] in makers)
        ]
        shown = found[(page - 1) * per_page : page * per_page]
        return 200, {"status": _success(), "annotations": [_as_answer(tree) for tree in shown]}


def _success() -> Tree:
    return {"code": int(StatusCode.SUCCESS), "description": "Ok"}


def _as_answer(tree: Tree) -> Tree:
    code = known_code(tree["status"]["code"])
    name = code.name if isinstance(code, StatusCode) else str(code)
    return {**deepcopy(tree), "status": {**tree["status"], "description": name.replace("_", " ").capitalize()}}


def _refused(asked: Tree, refusal: tuple[int, str, str]) -> Tree:
    code, description, details = refusal
    return {**deepcopy(asked), "status": {"code": int(code), "description": description, "details": details}}


def _check_shape(asked: list[Any]) -> None:
    """Refuse what cannot be parsed into messages, as a parser of protobuf's JSON does: the request as a whole."""
    for index, tree in enumerate(asked):
        for key in ("user_id", "task_id", "status"):
            if isinstance(tree, dict) and not isinstance(tree.get(key), (dict if key == "status" else str, type(None))):
                raise _Refused(
                    400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", f"annotations[{index}].{key}"
                )
        for place, concept in find_concepts(tree) if isinstance(tree, dict) else ():
            if isinstance(concept, dict) and isinstance(concept.get("value"), bool):
                details = f"{describe(tree, place)}: value is no number"
                raise _Refused(400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", details)
        try:
            read(Annotation, tree)
        except ValidationError as invalid:
            detail = invalid.errors(include_url=False, include_input=False)[0]
            details = f"annotations[{index}].{place_of(detail['loc'])}: {detail['msg']}"
            raise _Refused(400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", details) from None


def _number(query: dict[str, list[str]], key: str, default: int) -> int:
    text = query.get(key, [str(default)])[-1]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
