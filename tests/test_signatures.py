"""The annotations of what is public can be evaluated, as frameworks, autodoc and autospec do."""

from __future__ import annotations

import inspect
import ssl
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import clarifai_http_annotations as package
from clarifai_http_annotations import AsyncClient, Client, aws_lambda, testing

LATER = {
    "AsyncClient.upload": "UploadReport",  # is loaded by the first upload
    "Client.upload": "UploadReport",
    "PartialFailureError": "Annotation",  # the errors are below the models, and know none
    "PartialFailureError.__init__": "Annotation",
}
"""What names a class that its module does not load, since every start would load it then, and which class."""


def ours(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith(package.__name__)


def public() -> Iterator[tuple[str, Any]]:
    """Yield every public class and function of this package, and every public method, with its name."""
    named = {name: getattr(module, name) for module in (package, testing) for name in vars(module)["__all__"]}
    for name, value in {**named, "handle": aws_lambda.handle}.items():
        if callable(value) and ours(value):
            yield name, value
        for member, found in inspect.getmembers(value) if inspect.isclass(value) else []:
            function = found.fget if isinstance(found, property) else found
            if inspect.isroutine(function) and ours(function) and (member == "__init__" or not member.startswith("_")):
                yield f"{name}.{member}", function


PUBLIC = dict(public())


def evaluate(name: str) -> None:
    value = PUBLIC[name]
    if not inspect.isclass(value):
        typing.get_type_hints(value)
    if not (inspect.isclass(value) and issubclass(value, Warning)):  # which are made by Python's own code in C
        inspect.signature(value, eval_str=True)


def test_the_walk_sees_functions_methods_and_properties() -> None:
    assert len(PUBLIC) > 150
    assert PUBLIC.keys() >= {"Client", "AsyncClient.create", "positive", "Concept.is_positive", "Emulator.client"}
    assert PUBLIC.keys() >= {"handle", "serve", "Client.__init__", "Client.list", "UploadReport.raise_for_failures"}


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - LATER.keys()))
def test_every_annotation_of_what_is_public_can_be_evaluated(name: str) -> None:
    evaluate(name)


@pytest.mark.parametrize("name", sorted(LATER))
def test_only_what_every_start_would_have_to_load_cannot(name: str) -> None:
    with pytest.raises(NameError, match=f"name '{LATER[name]}' is not defined"):
        evaluate(name)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_the_hints_of_a_client_name_the_class_that_verify_takes(client: Callable[..., Any]) -> None:
    assert typing.get_type_hints(client.__init__)["verify"] == ssl.SSLContext | str | bool
    parameters = inspect.signature(client, eval_str=True).parameters
    assert parameters["verify"].annotation == ssl.SSLContext | str | bool
    assert parameters["pat"].annotation == str | None
