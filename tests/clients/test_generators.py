"""Clients as strangers generate them: every generator takes every document, and what it makes compiles and works."""

import compileall
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.stack import Stack
from tests.support.with_node import needs_node
from tools import generators, node

import ntdemo

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

_Values = Callable[[str], dict[str, Any]]
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
_OF_MOLECULES = ("get_fragment_drawing", "list_replacements", "ask_replacements", "list_pairs")
"""What only a run of molecules and measured values tells."""
_DRIVER = Path(__file__).parents[1] / "support" / "every_operation.cjs"
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


@pytest.fixture(scope="module")
def compiled(made: Path, service: str) -> Path:
    """The generated TypeScript, strictly compiled, as a folder that Node requires."""
    options = {"strict": True, "target": "es2022", "module": "nodenext", "lib": ["es2022", "dom"], "types": []}
    options |= {"outDir": "js", "rootDir": "typescript-fetch"}
    (made / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["typescript-fetch/**/*.ts"]}))
    with needs_node():
        done = node.run("tsc", "--project", made / "tsconfig.json")
    assert done.returncode == 0, done.stdout
    return made / "js" / service


def test_the_linter_finds_no_error_in_a_document(service: str) -> None:
    document = node.ROOT / "services" / service / "openapi.json"
    with needs_node():
        found = node.run("redocly", "lint", "--config", node.HOME / "redocly.yaml", document)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.fixture
def values(
    service: str, stack: Stack, nt: ntdemo.Client, run: ntdemo.Run, built_in: ntdemo.Run
) -> Callable[[str], dict[str, Any]]:
    """A value for every parameter that an operation's path or query needs, from what the service has."""
    known: dict[str, Any] = {"fragment": "fB", "side": "fragments", "name": "table.csv", "model": "ntdemo-en"}
    known |= {"smiles": "CCN1CCOCC1", "a": "*N1CCOCC1", "b": "*N1CCNCC1", "run": built_in.id}
    own = _OWN
    with stack.client() as asked:
        if service == "trainer":
            known["dataset"] = _uploaded(asked, stack, _CSV)
            known |= {"job": next(iter(nt.jobs("succeeded"))).id, "run": run.id, "alias": "current"}
            own = _OWN | _victims(asked, stack, nt, run, built_in)
        manifest = asked.get(f"{stack.urls['scores']}/v1/artifacts/factors/latest").raise_for_status().json()
    known |= {"artifact": "factors", "version": "latest", "file": manifest["files"][0]["name"]}
    of_molecules = {"run": run.id, "fragment": "*N1CCOCC1"}
    return lambda name: known | (of_molecules if name in _OF_MOLECULES else {}) | own.get(name, {})


def _uploaded(asked: httpx.Client, stack: Stack, content: bytes) -> str:
    answer = asked.post(f"{stack.urls['trainer']}/v1/datasets", params={"name": "table.csv"}, content=content)
    return str(answer.raise_for_status().json()["sha256"])


def _victims(asked: httpx.Client, stack: Stack, nt: ntdemo.Client, run: ntdemo.Run, built_in: ntdemo.Run) -> dict[str, Any]:
    """What the operations that take something away may take, made for them."""
    for alias in ("to-delete", "to-roll-back"):
        for meant in (built_in, run):
            asked.put(f"{stack.urls['trainer']}/v1/aliases/{alias}", json={"run": meant.id}).raise_for_status()
    mine = nt.train("built-in", rank=1, seed=11).wait(progress=False)
    waiting = [nt.train("docs/tutorials/assays.csv", target="pIC50", rank=3, seed=seed).job for seed in (12, 13)]
    assert waiting[1] is not None
    return {
        "cancel_job": {"job": waiting[1].id},
        "delete_dataset": {"dataset": _uploaded(asked, stack, _CSV + b"CCCl,6.9\n")},
        "delete_run": {"run": mine.id},
        "delete_alias": {"alias": "to-delete"},
        "roll_back_alias": {"alias": "to-roll-back"},
    }


@pytest.mark.spark
def test_every_operation_of_the_generated_python_answers(package: Any, service: str, stack: Stack, values: _Values) -> None:
    with package.ApiClient(package.Configuration(host=stack.urls[_ADDRESS[service]])) as client:
        apis = [getattr(package, name)(client) for name in package.__all__ if name.endswith("Api")]
        for name in _operations(service):
            (function,) = (getattr(api, f"{name}_with_http_info") for api in apis if hasattr(api, name))
            answer = function(**_arguments(name, function, values(name)))
            assert answer.status_code == 204 or answer.data is not None, name


@pytest.mark.spark
def test_every_operation_of_the_generated_typescript_answers_and_a_problem_reaches_its_caller(
    compiled: Path, service: str, stack: Stack, values: _Values
) -> None:
    questions = [_question(name, operation, values(name)) for name, operation in _operations(service).items()]
    _, name, nothing, slug = _FAILING[service]
    questions.append({"operation": "failing", "method": _camel(name), "given": nothing})
    asked = {"made": str(compiled / "index.js"), "base": stack.urls[_ADDRESS[service]], "questions": questions}
    done = subprocess.run(
        ["node", _DRIVER],
        input=json.dumps(asked),
        env=node.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    failing = told.pop("failing")
    assert failing["status"] == 404
    assert failing["problem"]["type"].endswith(f"/problems/{slug}")
    assert {name: answer for name, answer in told.items() if answer.get("status") not in {200, 201, 202, 204}} == {}
    assert told.keys() == _operations(service).keys()


@pytest.mark.spark
def test_a_problem_reaches_the_caller_of_the_generated_python(package: Any, service: str, stack: Stack) -> None:
    api, function, arguments, slug = _FAILING[service]
    client = package.ApiClient(package.Configuration(host=stack.urls[_ADDRESS[service]]))
    with client, pytest.raises(package.ApiException) as caught:
        getattr(getattr(package, api)(client), function)(**arguments)
    assert caught.value.status == 404
    assert caught.value.data.type.endswith(f"/problems/{slug}")


def _operations(service: str) -> dict[str, dict[str, Any]]:
    """The operations of a service by their ids, those that take something away first: a job to cancel may end by itself."""
    paths = generators.document(service)["paths"].values()
    found = [(method != "delete", operation) for path in paths for method, operation in path.items()]
    return {operation["operationId"]: operation for _, operation in sorted(found, key=lambda each: each[0])}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _question(name: str, operation: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What the driver in Node asks: the method, and the members of what it takes."""
    stated = operation.get("parameters", [])
    given = {each["name"]: values[each["name"]] for each in stated if each.get("required") or each["name"] == "run"}
    question = {"operation": name, "method": _camel(name), "given": given}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        model = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        given[model[0].lower() + model[1:]] = _BODIES[name]
    elif content:
        question["upload"] = _CSV.decode()
    return question


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
