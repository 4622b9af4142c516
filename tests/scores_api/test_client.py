"""The generated client against a running server: a round trip over every route."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import pytest
from tests.scores_api.conftest import AWKWARD, Published
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready

from contracts.kinds import SimilarityKind as Similarity
from scores_client import Client
from scores_client.api.artifacts import get_artifact, get_artifact_file, list_artifacts
from scores_client.api.factors import list_factors
from scores_client.api.fragments import get_fragment, list_fragments, list_neighbours
from scores_client.api.operation import healthz, readyz
from scores_client.api.predictions import ask_predictions
from scores_client.api.runs import get_curve, get_run, get_trajectory, list_runs
from scores_client.api.scores import get_scores
from scores_client.api.similarities import ask_similarities
from scores_client.models import (
    CompoundQuestion,
    FactorSide,
    PredictionQuestion,
    ProblemDocument,
    SimilarityKind,
    SimilarityQuestion,
)

T = TypeVar("T")
DOCUMENT = Path(__file__).parents[2] / "services" / "scores-api" / "openapi.json"


@pytest.fixture(scope="module")
def client(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(published.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}

    url = f"http://127.0.0.1:{port}"
    with Served("ntdemo-scores-api", tmp_path_factory.mktemp("log") / "log", environment, url) as served:
        wait_until_ready(served)
        with Client(base_url=url, timeout=httpx.Timeout(60), httpx_args={"trust_env": False}) as client:
            yield client


def answered(answer: T | ProblemDocument | None) -> T:
    """An answer that is no problem."""
    assert answer is not None
    assert not isinstance(answer, ProblemDocument), answer.detail
    return answer


def test_every_operation_of_the_document_has_a_function() -> None:
    paths = json.loads(DOCUMENT.read_text())["paths"]
    operations = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert operations == {
        "ask_predictions",
        "ask_replacements",
        "ask_similarities",
        "get_artifact",
        "get_artifact_file",
        "compare_runs",
        "get_curve",
        "get_drawing",
        "get_fragment",
        "get_fragment_drawing",
        "get_map",
        "get_run",
        "get_scores",
        "get_trajectory",
        "healthz",
        "list_artifacts",
        "list_factors",
        "list_fragments",
        "list_neighbours",
        "list_pairs",
        "list_rejects",
        "list_replacements",
        "list_runs",
        "readyz",
    }


def test_scores(client: Client, published: Published) -> None:
    scores = answered(get_scores.sync(client=client))
    assert scores.names == published.contents["five"].names
    np.testing.assert_array_equal(np.diag(scores.scores), 100.0)


def test_runs_curve_and_trajectory(client: Client, published: Published) -> None:
    page = answered(list_runs.sync(client=client, limit=3))
    assert [run.id for run in page.items] == list(published.runs.values())[:0:-1]
    rest = answered(list_runs.sync(client=client, cursor=page.next_))
    assert [run.id for run in rest.items] == [published.runs["stretched"]]
    run = answered(get_run.sync("current", client=client))
    assert run.id == published.runs["five"]
    assert run.spec.to_dict()["rank"] == 3
    assert run.metrics["loss"] == 0.25
    assert answered(get_curve.sync("current", client=client)).steps == [0, 10, 20, 30, 40]
    assert len(answered(get_trajectory.sync("current", client=client)).positions) == 5


@pytest.mark.parametrize("name", [name for name in AWKWARD if name not in {".", ".."}])
def test_fragments_of_any_name(client: Client, published: Published, name: str) -> None:
    run = published.runs["awkward"]
    assert answered(get_fragment.sync(name, client=client, run=run)).name == name
    neighbours = answered(list_neighbours.sync(name, client=client, run=run, similarity=SimilarityKind.BALANCED, limit=2))
    assert neighbours.fragment == name
    assert [item.rank for item in neighbours.items] == [1, 2]


@pytest.mark.parametrize("name", [".", ".."])
def test_names_that_clients_take_for_directories_are_reached_by_id(client: Client, published: Published, name: str) -> None:
    run = published.runs["awkward"]
    listed = answered(list_fragments.sync(client=client, run=run, query=name, limit=1000))
    place = next(item.id for item in listed.items if item.name == name)
    assert answered(get_fragment.sync(f"id:{place}", client=client, run=run)).name == name


def test_a_search(client: Client, published: Published) -> None:
    contents = published.contents["many"]
    page = answered(list_fragments.sync(client=client, run=published.runs["many"], query="c#n", limit=1000))
    assert [item.name for item in page.items] == [
        contents.names[place] for place in contents.shown if "C#N" in contents.names[place]
    ]


def test_similarities(client: Client, published: Published) -> None:
    question = SimilarityQuestion(fragments=["fA", "fB"], similarity=SimilarityKind.FUNCTION)
    answer = answered(ask_similarities.sync(client=client, body=question))
    expected = published.contents["five"].percents(Similarity.FUNCTION)[0, 1]
    assert answer.percents[0][1] == pytest.approx(expected, abs=0.006)


def test_a_run_that_cannot_predict_is_a_problem(client: Client) -> None:
    question = PredictionQuestion(compounds=[CompoundQuestion(fragments=["fA", "fB"])])
    problem = ask_predictions.sync(client=client, body=question)
    assert isinstance(problem, ProblemDocument)
    assert problem.type_ == "/problems/nothing-predicts"


@pytest.mark.parametrize("side", list(FactorSide))
def test_factors(client: Client, side: FactorSide) -> None:
    page = answered(list_factors.sync(side, client=client))
    assert [len(item.vector) for item in page.items] == [3] * len(page.items)


def test_artifacts(client: Client, published: Published) -> None:
    page = answered(list_artifacts.sync(client=client))
    assert page.items[0].version == published.runs["five"]
    manifest = answered(get_artifact.sync("factors", "latest", client=client))
    assert "factors.onnx" in [file.name for file in manifest.files]
    file = answered(get_artifact_file.sync("factors", "latest", "factors.onnx", client=client))
    assert file.payload.read() == published.contents["five"].files["factors.onnx"]


def test_health(client: Client) -> None:
    assert answered(healthz.sync(client=client)).service == "ntdemo scores API"
    assert answered(readyz.sync(client=client)).ready


def test_a_failure_is_a_problem_document(client: Client) -> None:
    problem = get_fragment.sync("fX", client=client)
    assert isinstance(problem, ProblemDocument)
    assert (problem.type_, problem.status) == ("/problems/fragment-not-found", 404)
    assert "fA" in problem["near"]


def test_the_asynchronous_functions_answer_the_same(client: Client) -> None:
    async def ask() -> object:
        async with Client(base_url=str(client._base_url), httpx_args={"trust_env": False}) as other:  # noqa: SLF001 - generated
            return await get_scores.asyncio(client=other)

    assert asyncio.run(ask()) == get_scores.sync(client=client)
