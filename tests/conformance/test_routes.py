"""Every route of ours is one of Clarifai's, by its method and the places of its ids."""

from __future__ import annotations

from left_out import NOT_HERE
from official import post_inputs, routes, rpcs
from readme_routes import in_readme, table
from tour import tour

from clarifai_http_annotations import Client
from clarifai_http_annotations.testing._routes import ROUTES

OURS = {(method, path) for path, handlers in ROUTES.items() for method in handlers}


def test_every_route_of_the_emulator_is_one_of_the_api() -> None:
    assert routes().keys() | post_inputs().routes >= OURS


def test_every_route_of_the_api_is_here_or_left_out_with_a_reason() -> None:
    left_out = {rpc.name for route, rpc in routes().items() if route not in OURS}
    assert left_out == NOT_HERE.keys()


def test_every_operation_asks_routes_of_the_api_and_every_one_that_is_not_left_out_is_asked() -> None:
    asked = tour()
    operations = {name for name in vars(Client) if not name.startswith("_")} - {"close"}
    assert asked.keys() == operations
    assert {name for messages in asked.values() for name, _ in messages} == rpcs().keys() - NOT_HERE.keys()


def test_the_table_of_the_readme_is_what_the_descriptors_and_the_operations_say() -> None:
    assert in_readme() == table(), "run: python tests/conformance/readme_routes.py"
