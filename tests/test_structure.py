"""The rooms: what is public, which way the arrows point, and what an import loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import clarifai_http_annotations as package
from clarifai_http_annotations import models, testing

ROOT = Path(package.__file__).parent
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))

# From the bottom up; a module imports only from rows below its own (or its own package).
ROWS = [
    {"_lazy", "_version", "_scratch"},
    {"errors", "_operation"},
    {"_secret"},
    {"models", "config", "_proxies", "_loop", "_rate", "_seen"},
    {"_network"},
    {"_wire", "_retry", "_pyodide"},
    {"_messages", "upload"},
    {"_call", "elsewhere"},
    {"operations", "labels", "_envelopes", "_failed_messages"},
    {"_base_client"},
    {"client"},
    {"aws_lambda"},
    {"testing"},
    {"pytest_plugin", "cli"},
    {"__init__"},
]
ROW = {room: number for number, row in enumerate(ROWS) for room in row}


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Return the rooms that a module imports from at run time."""
    rooms = set()
    tree = ast.parse((ROOT / path).read_text())
    for_types_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and node not in for_types_only:
            base = path.parent.parts[: len(path.parent.parts) - node.level + 1]
            names = [*base, *(node.module or "").split(".")] if node.module else [*base]
            rooms |= {names[0]} if names and names[0] else {alias.name for alias in node.names}
    return rooms


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_arrows_point_one_way(path: Path) -> None:
    here = room_of(path)
    backwards = {there for there in imports_of(path) if there != here and ROW[there] >= ROW[here]}
    assert not backwards


def test_the_walk_sees_arrows() -> None:
    assert imports_of(Path("_base_client.py")) >= {"_network", "_call", "operations", "config", "errors", "_wire"}
    assert imports_of(Path("_wire/outcomes.py")) == {"errors", "models", "_wire"}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_file_holds_two_things(path: Path) -> None:
    assert len((ROOT / path).read_text().splitlines()) <= 335


def test_bytes_of_requests_are_made_in_one_place() -> None:
    """``ids`` makes text to be hashed; the guard makes everything that is sent."""
    users = {str(path) for path in MODULES if "json.dumps" in (ROOT / path).read_text()}
    users |= {str(path) for path in MODULES if "JSONEncoder" in (ROOT / path).read_text()}
    assert users - {"testing/_emulator.py", "cli/_screen.py"} == {"_wire/guard.py", "_wire/ids.py"}


def test_httpx_clients_are_named_in_few_places() -> None:
    users = {
        str(path)
        for path in MODULES
        if any(name in (ROOT / path).read_text() for name in ("httpx.Client", "httpx.AsyncClient"))
    }
    assert users == {"client.py", "_base_client.py", "_network.py"}


@pytest.mark.parametrize("module", [package, testing], ids=["package", "testing"])
def test_what_is_public_is_there_sorted_and_has_a_docstring(module: object) -> None:
    names: list[str] = vars(module)["__all__"]
    assert names == sorted(names)
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith(("_", "@")) and not hasattr(value, "__path__")  # pytest's own begin with an @
    }
    modules = {
        "aws_lambda",
        "client",
        "config",
        "elsewhere",
        "errors",
        "labels",
        "models",
        "operations",
        "pytest_plugin",
        "testing",
        "upload",
    }
    others = {"Iterator", "contextmanager", "TYPE_CHECKING", "loader"}
    later = {name for names in vars(module).get("_HOMES", {}).values() for name in names.split()}  # when asked for
    assert (public - modules - others) | later == set(names) - {"__version__"}
    assert all(getattr(module, name).__doc__ for name in names if name != "__version__")
    assert set(dir(module)) >= set(names)


@pytest.mark.parametrize("file", ["__init__.py", "models/__init__.py"])
def test_what_type_checkers_see_is_what_is_loaded(file: str) -> None:
    module = package if file == "__init__.py" else models
    [block] = [node for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.If)][:1]
    seen = {name.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names}
    homes = {name: home for home, names in vars(module)["_HOMES"].items() for name in names.split()}
    assert seen == homes
    assert all(getattr(module, name).__name__ == name for name in homes)


def test_a_module_of_public_names_is_there_without_being_imported() -> None:
    assert "clarifai_http_annotations.errors" in loaded_by("import clarifai_http_annotations as it; it.errors.APIError")


def test_importing_the_package_loads_nothing_but_its_version() -> None:
    loaded = loaded_by("import clarifai_http_annotations")
    ours = {name for name in loaded if name.startswith("clarifai")}
    assert ours == {f"clarifai_http_annotations{name}" for name in ("", "._lazy", "._version")}
    assert not loaded & {"httpx", "pydantic", "tenacity"}


def test_every_public_name_comes_with_a_star() -> None:
    code = "from clarifai_http_annotations import *; from clarifai_http_annotations import __all__ as names"
    loaded_by(f"{code}; assert set(names) <= set(globals()), names")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Uploader'"):
        package.Uploader  # type: ignore[attr-defined]  # noqa: B018


def test_the_version_is_one() -> None:
    assert package.__version__ in (ROOT.parent / "CHANGELOG.md").read_text()


def loaded_by(code: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_client_loads_no_optional_part() -> None:
    loaded = loaded_by("from clarifai_http_annotations import Client")
    assert not loaded & {
        "clarifai_http_annotations.testing",
        "asyncio",
        "anyio",
        "httpcore",
        "respx",
        "pytest",
        "sqlite3",
        "clarifai_http_annotations.upload",
        "clarifai_http_annotations._pyodide",
    }


def test_ssl_which_only_annotations_name_costs_no_start_anything() -> None:
    """If httpx no longer loads it, ``client.py`` has to import it for type checkers only."""
    assert "ssl" in loaded_by("import httpx")


def test_a_python_without_ssl_and_sqlite_will_do() -> None:
    """As some versions of Pyodide are."""
    lacking = "import sys; sys.modules.update(ssl=None, _ssl=None, sqlite3=None, _sqlite3=None)"
    use = "from clarifai_http_annotations.testing import Emulator; assert Emulator().client().upload([]).taken == 0"
    loaded_by(f"{lacking}; from clarifai_http_annotations import *; {use}")


def test_a_place_to_run_is_loaded_by_nothing_but_its_name_and_loads_no_more_than_the_client() -> None:
    client = loaded_by("from clarifai_http_annotations import Client")
    place = loaded_by("import clarifai_http_annotations.aws_lambda")
    assert "clarifai_http_annotations.aws_lambda" not in client
    of_reading = {"clarifai_http_annotations.elsewhere", "clarifai_http_annotations._wire.bodies"}
    assert place - client == {"clarifai_http_annotations.aws_lambda", *of_reading}


# --- what a start loads: a budget of modules, since milliseconds are another every time -------------------

SERVER = """
import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["annotations"]
        body = json.dumps({"status": {"code": 10000}, "annotations": asked}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Answering)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
"""

CALL = f"""{SERVER}
from clarifai_http_annotations import Annotation, Client, positive

with Client(pat="x", user_id="me", app_id="a", base_url=url) as client:
    [stored] = client.create(Annotation.of("in", positive("tree")))
assert stored.data.concepts[0].is_positive
"""

LEAST = f"""{SERVER}
import httpx, tenacity
from pydantic import BaseModel

class Concept(BaseModel):
    id: str
    value: float

@tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_random_exponential())
def create(client, concept):
    body = {{"annotations": [{{"input_id": "in", "data": {{"concepts": [concept.model_dump()]}}}}]}}
    answer = client.post(url, json=body).raise_for_status().json()
    return Concept.model_validate(answer["annotations"][0]["data"]["concepts"][0])

with httpx.Client() as client:
    create(client, Concept(id="tree", value=1.0))
"""

STARTS_WITH = """_base_client _call _lazy _messages _network _operation _rate _retry _secret _version _wire
_wire.answers _wire.encode _wire.guard _wire.ids _wire.outcomes _wire.refusals _wire.requests _wire.rows client
config errors models models._base models._later models.annotation models.concept models.status operations
operations.annotations operations.changes operations.searches operations.tasks operations.tracks operations.uploads"""
"""What the first annotation needs. A module that joins them makes every start slower: load it when it is needed."""


def test_a_start_loads_what_the_first_annotation_needs_and_no_more() -> None:
    ours = {name.partition(".")[2] for name in loaded_by(CALL) if name.startswith("clarifai_http_annotations.")}
    assert ours == set(STARTS_WITH.split())


def test_a_start_loads_nothing_of_others_that_the_least_program_with_the_same_three_libraries_does_not() -> None:
    others = {name for name in loaded_by(CALL) if not name.startswith("clarifai_http_annotations")}
    assert others - loaded_by(LEAST) == set()


def test_a_blocking_call_never_loads_asyncio() -> None:
    assert not loaded_by(CALL) & {"asyncio", "clarifai_http_annotations.testing"}
