"""Clients as strangers generate them: every generator takes every document, and what it makes compiles and works."""

import compileall
import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.stack import Stack
from tests.support.with_node import needs_node
from tools import generators, node

import ntdemo

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

_ADDRESS = {"trainer": "trainer", "scores-api": "scores", "chatbot": "chatbot"}
_BODIES: dict[str, dict[str, Any]] = {
    "create_job": {"spec": {"kind": "factors", "sources": ["built-in"]}},
    "plan_dataset": {},
    "edit_run": {"note": "seen"},
    "put_alias": {"run": "latest"},
    "ask_similarities": {"fragments": ["fA", "fB"], "similarity": "balanced"},
    "ask_predictions": {"compounds": [{"fragments": ["fA", "fB"]}]},
    "ask_replacements": {"smiles": "CCN1CCOCC1", "fragment": "*N1CCOCC1"},
    "create_chat_completion": {"model": "ntdemo-en", "messages": [{"role": "user", "content": "hello"}]},
    "create_response": {"model": "ntdemo-en", "input": "hello"},
    "ask_fragments": {"question": "what is like fB?"},
}
"""What each operation with a body is asked; one that is missing here fails its test."""
_FAILING: dict[str, tuple[str, str, dict[str, str], str]] = {
    "trainer": ("JobsApi", "get_job", {"job": "none"}, "job-not-found"),
    "scores-api": ("RunsApi", "get_run", {"run": "none"}, "run-not-found"),
    "chatbot": ("ModelsApi", "get_model", {"model": "none"}, "model-not-found"),
}
"""An operation of each service that has nothing to answer with, and the problem it is."""
_OWN: dict[str, dict[str, str]] = {"put_alias": {"alias": "of-a-test"}, "compare_runs": {"a": "current", "b": "latest"}}
"""What parameters are for one operation alone."""
_ENDING = ("cancel_job", "delete_dataset", "delete_run", "delete_alias", "roll_back_alias")
"""What takes away that others are asked about."""
_OF_MOLECULES = ("get_fragment_drawing", "list_replacements", "ask_replacements", "list_pairs")
"""What only a run of molecules and measured values tells."""
_CSV = b"smiles,t1\nCCN1CCOCC1,5.1\nCCO,6.2\n"


@pytest.fixture(scope="module", params=generators.SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(service: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What openapi-generator writes of a service's document, a folder a language."""
    into = tmp_path_factory.mktemp("made")
    generators.generate(into, services=[service])
    return into


@pytest.fixture(scope="module")
def package(made: Path, service: str) -> Iterator[Any]:
    """The generated Python, imported."""
    place = made / "python" / service
    assert compileall.compile_dir(place, quiet=1)
    sys.path.insert(0, str(place))
    yield importlib.import_module(generators.package(service))
    sys.path.remove(str(place))


@pytest.mark.parametrize(("language", "ending"), [("java", "*.java"), ("go", "*.go")])
def test_java_and_go_are_generated_with_every_operation(made: Path, service: str, language: str, ending: str) -> None:
    text = "".join(path.read_text() for path in (made / language / service).rglob(ending)).lower()
    names = _operations(service)
    assert len(names) >= 10
    for name in names:
        assert name.replace("_", "") in text.replace("_", ""), name


def test_typescript_compiles_strictly(made: Path) -> None:
    options = {"strict": True, "noEmit": True, "target": "es2022", "module": "nodenext", "lib": ["es2022", "dom"], "types": []}
    (made / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["typescript-fetch/**/*.ts"]}))
    with needs_node():
        compiled = node.run("tsc", "--project", made / "tsconfig.json")
    assert compiled.returncode == 0, compiled.stdout


def test_the_linter_finds_no_error_in_a_document(service: str) -> None:
    document = node.ROOT / "services" / service / "openapi.json"
    with needs_node():
        found = node.run("redocly", "lint", "--config", node.HOME / "redocly.yaml", document)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.spark
def test_every_operation_of_the_generated_python_answers(package: Any, service: str, stack: Stack, run: ntdemo.Run) -> None:
    with package.ApiClient(package.Configuration(host=stack.urls[_ADDRESS[service]])) as client:
        apis = [getattr(package, name)(client) for name in package.__all__ if name.endswith("Api")]
        functions = {name: getattr(api, name) for api in apis for name in _operations(service) if hasattr(api, name)}
        assert functions.keys() == set(_operations(service))
        values = _values(functions, run)
        of_molecules = values | {"run": run.id, "fragment": "*N1CCOCC1"}
        for name, function in functions.items():
            if name not in _ENDING:
                known = of_molecules if name in _OF_MOLECULES else values
                arguments = _arguments(name, function, known | _OWN.get(name, {}))
                assert function(**arguments) is not None, name


@pytest.mark.spark
def test_a_problem_reaches_the_caller_of_the_generated_python(package: Any, service: str, stack: Stack) -> None:
    api, function, arguments, slug = _FAILING[service]
    client = package.ApiClient(package.Configuration(host=stack.urls[_ADDRESS[service]]))
    with client, pytest.raises(package.ApiException) as caught:
        getattr(getattr(package, api)(client), function)(**arguments)
    assert caught.value.status == 404
    assert caught.value.data.type.endswith(f"/problems/{slug}")


def _operations(service: str) -> list[str]:
    paths = generators.document(service)["paths"].values()
    return [operation["operationId"] for path in paths for operation in path.values()]


def _values(functions: dict[str, Any], run: ntdemo.Run) -> dict[str, Any]:
    """A value for every parameter that a path or a query needs, from what the service has."""
    values: dict[str, Any] = {"fragment": "fB", "side": "fragments", "name": "table.csv", "model": "ntdemo-en"}
    values |= {"smiles": "CCN1CCOCC1", "a": "*N1CCOCC1", "b": "*N1CCNCC1"}
    if "create_dataset" in functions:
        values["dataset"] = functions["create_dataset"](name="table.csv", body=_CSV).sha256
        values["job"] = functions["list_jobs"](state=["succeeded"]).items[-1].id
        values |= {"run": run.id, "alias": "current"}
    if "get_artifact" in functions:
        values["run"] = [each for each in functions["list_runs"]().items if each.source == "built-in"][-1].id
        manifest = functions["get_artifact"](artifact="factors", version="latest")
        values |= {"artifact": "factors", "version": "latest", "file": manifest.files[0].name}
    return values


def _arguments(name: str, function: Any, values: dict[str, Any]) -> dict[str, Any]:
    given = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name.startswith("_"):
            continue
        if parameter.name == "body":
            given["body"] = _CSV
        elif parameter.default is inspect.Parameter.empty and parameter.name not in values:
            kind = next(each for each in _kinds(parameter.annotation) if hasattr(each, "from_dict"))
            given[parameter.name] = kind.from_dict(_BODIES[name])
        elif parameter.name == "run" or parameter.default is inspect.Parameter.empty:
            given[parameter.name] = values[parameter.name]
    return given


def _kinds(annotation: Any) -> list[Any]:
    return [annotation, *(kind for part in getattr(annotation, "__args__", ()) for kind in _kinds(part))]
