"""The oracle: Clarifai's own package `clarifai-grpc`, whose descriptors are the API's routes and messages.

It is not installed with the other test tools, since its pins and protobuf's do not go with everybody's:
`.ci/run` makes environments for it, and elsewhere these tests are skipped with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

WHY = "clarifai-grpc is not installed; see CONTRIBUTING.md, 'Held to the official packages'"


def official(module: str) -> Any:
    """Return a module of Clarifai's, or skip the tests that ask for it."""
    return pytest.importorskip(module, reason=WHY)


ClarifaiChannel: Any = official("clarifai_grpc.channel.clarifai_channel").ClarifaiChannel
resources_pb2: Any = official("clarifai_grpc.grpc.api.resources_pb2")
service_pb2: Any = official("clarifai_grpc.grpc.api.service_pb2")
service_pb2_grpc: Any = official("clarifai_grpc.grpc.api.service_pb2_grpc")
status_pb2: Any = official("clarifai_grpc.grpc.api.status.status_pb2")
status_code_pb2: Any = official("clarifai_grpc.grpc.api.status.status_code_pb2")
extensions_pb2: Any = official("clarifai_grpc.grpc.api.utils.extensions_pb2")
json_format: Any = official("google.protobuf.json_format")

APP = "/v2/users/{user_app_id.user_id}/apps/{user_app_id.app_id}/"
"""Where the routes that name user and app in their path begin."""

V2 = "/v2/"
"""Where the others do."""


@dataclass(frozen=True)
class Rpc:
    """What the API can be asked, by its name there.

    Attributes:
        name: Such as ``PostAnnotations``.
        routes: Method and path after the app: ``("GET", "inputs/{input_id}/annotations/{annotation_id}")``.
        request: Class of the message of its parameters and body.
        answer: Class of the message of its answer.
    """

    name: str
    routes: frozenset[tuple[str, str]]
    request: Any
    answer: Any


def rpcs() -> dict[str, Rpc]:
    """Return everything that the API can be asked about annotations."""
    service = service_pb2.DESCRIPTOR.services_by_name["V2"]
    return {method.name: _rpc(method) for method in service.methods if "nnotation" in method.name}


def post_inputs() -> Rpc:
    """Return what inputs are added by, each with an annotation that comes with it."""
    return _rpc(service_pb2.DESCRIPTOR.services_by_name["V2"].methods_by_name["PostInputs"])


def short_routes(name: str) -> set[tuple[str, str]]:
    """Return method and path after ``/v2/`` of the routes of an RPC that name no user and no app."""
    method = service_pb2.DESCRIPTOR.services_by_name["V2"].methods_by_name[name]
    return {(verb, path.removeprefix(V2)) for verb, path in _paths(method) if "{user_app_id." not in path}


def _rpc(method: Any) -> Rpc:
    kinds = _class_of(method.input_type), _class_of(method.output_type)
    return Rpc(method.name, frozenset(_below_the_app(method)), *kinds)


def routes() -> dict[tuple[str, str], Rpc]:
    """Return the same by method and path after the app, where ``{}`` is an id."""
    return {(verb, without_names(path)): rpc for rpc in rpcs().values() for verb, path in rpc.routes}


def without_names(path: str) -> str:
    """Return a path in which ``{}`` stands for every id."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _below_the_app(method: Any) -> Iterator[tuple[str, str]]:
    return ((verb, path.removeprefix(APP)) for verb, path in _paths(method) if path.startswith(APP))


def _paths(method: Any) -> Iterator[tuple[str, str]]:
    http = next(value for option, value in method.GetOptions().ListFields() if option.name == "http")
    for rule in (http, *http.additional_bindings):
        verb = rule.WhichOneof("pattern")
        yield verb.upper(), getattr(rule, verb)


def _class_of(descriptor: Any) -> Any:
    module = {
        "service.proto": service_pb2,
        "resources.proto": resources_pb2,
        "status.proto": status_pb2,
    }[descriptor.file.name.rpartition("/")[2]]
    return getattr(module, descriptor.name)


def members(enum: Any) -> dict[str, int]:
    """Return the numbers of an enum by their names."""
    return {value.name: value.number for value in enum.DESCRIPTOR.values}
