"""Fragments found by structure, filtered and sorted by what their structures are like."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.support.store import Publisher, named_fragments

from scores_api.app import create_app
from scores_api.settings import Settings

MORPHOLINES = ["*N1CCOCC1", "*C1CNCCO1", "*c1ccc(N2CCOCC2)cc1"]
OTHERS = ["*c1ccncc1", "*C(=O)O", "*C(=O)[O-]", "*C[N+](C)(C)C", "*CCCCCC", "*Cl"]
NAMELESS = "nameless"
FRAGMENTS = [*MORPHOLINES, *OTHERS, NAMELESS]
SUPPORT = [19, 10, 10, 12, 40, 3, 5, 7, 90, 8]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    state = tmp_path_factory.mktemp("search")
    contents = named_fragments(FRAGMENTS)
    table = contents.facts["fragments"]
    for column, values in (("smiles", [*FRAGMENTS[:-1], None]), ("support", SUPPORT)):
        at = table.schema.get_field_index(column)
        table = table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))
    Publisher(state).publish(dataclasses.replace(contents, facts={**contents.facts, "fragments": table}))
    with TestClient(create_app(Settings(state=state)), base_url="http://api") as client:
        yield client


def names(client: TestClient, **question: object) -> list[str]:
    answer = client.get("/v1/fragments", params=question)  # type: ignore[arg-type]  # texts and numbers
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


@pytest.mark.parametrize("spelling", ["C1COCCN1", "O1CCNCC1", "N1CCOCC1", "[#7]1[#6][#6][#8][#6][#6]1"])
def test_morpholine_is_found_in_any_spelling_and_by_smarts(client: TestClient, spelling: str) -> None:
    assert names(client, structure=spelling) == MORPHOLINES


@pytest.mark.parametrize("name", ["morpholine", "Morpholine ", "モルホリン"])
def test_morpholine_is_found_by_its_name(client: TestClient, name: str) -> None:
    assert "*N1CCOCC1" in names(client, structure=name)
    assert set(names(client, structure=name)) <= set(MORPHOLINES)


def test_a_smiles_is_no_name_and_a_name_is_no_smarts(client: TestClient) -> None:
    assert names(client, structure="COOH")[0] == "*C(=O)O"
    assert "*C[N+](C)(C)C" in names(client, structure="CN"), "methylamine, not cyano"
    assert names(client, structure="Ac") == names(client, structure="acetyl")


def test_a_fragment_with_open_bonds_is_found_as_it_is_attached(client: TestClient) -> None:
    assert names(client, structure="*N1CCOCC1") == ["*N1CCOCC1", "*c1ccc(N2CCOCC2)cc1"]
    assert names(client, structure="[OX1-]") == ["*C(=O)[O-]"]


@pytest.mark.parametrize("spelling", ["*N1CCOCC1", "[*]N1CCOCC1", "O1CCN([*:1])CC1", "-N1CCOCC1"])
def test_the_fragment_that_a_spelling_means_is_found_alone(client: TestClient, spelling: str) -> None:
    assert names(client, spelled=spelling) == ["*N1CCOCC1"]


def test_without_an_open_bond_a_spelling_means_the_fragments_with_one_at_any_hydrogen(client: TestClient) -> None:
    assert names(client, spelled="O1CCNCC1") == ["*N1CCOCC1", "*C1CNCCO1"]
    assert names(client, spelled="O1CCNCC1", sort="support", limit=1) == ["*N1CCOCC1"]
    assert names(client, spelled="O1CCNCC1", min_support=11) == ["*N1CCOCC1"]
    assert names(client, spelled="C1CC1") == []
    assert names(client, spelled="Cl") == ["*Cl"]


def test_a_spelling_means_structures_and_not_names(tmp_path: Path) -> None:
    contents = named_fragments(["*C1CC1", "phenyl", "Benzene, again"])
    table = contents.facts["fragments"]
    at = table.schema.get_field_index("smiles")
    structures = pa.array(["*C1CCC1", "*c1ccccc1", "*c1ccccc1"], table.schema.field(at).type)
    facts = {**contents.facts, "fragments": table.set_column(at, table.schema.field(at), structures)}
    Publisher(tmp_path).publish(dataclasses.replace(contents, facts=facts))
    with TestClient(create_app(Settings(state=tmp_path)), base_url="http://api") as client:
        assert names(client, spelled="C1=CC=CC=C1") == ["phenyl", "Benzene, again"]
        assert names(client, spelled="C1CCC1") == ["*C1CC1"]
        assert names(client, spelled="*C1CC1") == []


@pytest.mark.parametrize("text", ["morpholine", "C1CC", "[#", "C(C)(C)(C)(C)C", "caf\u00e9", "C\x00C"])
def test_what_spells_no_molecule_is_a_problem(client: TestClient, text: str) -> None:
    answer = client.get("/v1/fragments", params={"spelled": text})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/structure-unreadable")
    assert answer.json()["errors"][0]["place"] == "spelled"


def test_filters_are_met_together(client: TestClient) -> None:
    assert names(client, charge="negative") == ["*C(=O)[O-]"]
    assert names(client, charge="positive") == ["*C[N+](C)(C)C"]
    assert names(client, rings=True, max_atoms=6) == ["*N1CCOCC1", "*C1CNCCO1", "*c1ccncc1"]
    assert names(client, rings=False, min_support=7, charge="neutral") == ["*C(=O)O", "*CCCCCC", "*Cl"]
    assert names(client, structure="C1COCCN1", query="c1ccc") == ["*c1ccc(N2CCOCC2)cc1"]


def test_what_is_filtered_by_is_told_of_each(client: TestClient) -> None:
    items = client.get("/v1/fragments").json()["items"]
    like = {item["name"]: [item[each] for each in ("heavy_atoms", "rings", "charge", "logp")] for item in items}
    assert like["*C(=O)[O-]"][:3] == [3, 0, -1]
    assert like["*c1ccc(N2CCOCC2)cc1"][:3] == [12, 2, 0]
    assert like["*CCCCCC"][3] > 2 > like["*N1CCOCC1"][3]
    assert like[NAMELESS] == [None] * 4
    detail = client.get("/v1/fragments/*C(=O)[O-]").json()
    assert [detail[each] for each in ("heavy_atoms", "rings", "charge", "logp")] == like["*C(=O)[O-]"]


def test_lists_follow_what_is_asked_and_structures_that_are_unknown_come_last(client: TestClient) -> None:
    assert names(client, sort="support")[:3] == ["*Cl", "*C(=O)O", "*N1CCOCC1"]
    assert names(client, sort="name") == sorted(FRAGMENTS)
    by_size = names(client, sort="size")
    assert (by_size[0], by_size[-1]) == ("*Cl", NAMELESS)
    by_logp = names(client, sort="logp")
    assert by_logp.index("*CCCCCC") > by_logp.index("*C(=O)O")
    assert by_logp[-1] == NAMELESS


def test_a_sorted_list_comes_in_pages(client: TestClient) -> None:
    question: dict[str, object] = {"sort": "support", "limit": 4}
    listed: list[str] = []
    while True:
        page = client.get("/v1/fragments", params=question).json()  # type: ignore[arg-type]  # texts and numbers
        listed += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        question["cursor"] = page["next"]
    assert listed == names(client, sort="support")
    other = client.get("/v1/fragments", params={"sort": "size", "cursor": question["cursor"]})  # type: ignore[dict-item]  # a text
    assert other.json()["type"] == "/problems/invalid-cursor"


@pytest.mark.parametrize("text", ["[#", "nonsense(", "caf\u00e9", "C\x00C"])
def test_what_is_no_structure_is_a_problem(client: TestClient, text: str) -> None:
    answer = client.get("/v1/fragments", params={"structure": text})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/structure-unreadable")
    assert answer.json()["errors"][0]["place"] == "structure"


def test_a_searcher_that_was_killed_reads_the_run_again(client: TestClient) -> None:
    assert names(client, structure="Cl") == ["*Cl"]
    client.app.state.finder._worker._process.kill()  # type: ignore[attr-defined]  # noqa: SLF001 - to end it
    failed = client.get("/v1/fragments", params={"structure": "CCCCC"})
    assert (failed.status_code, failed.json()["type"]) == (500, "/problems/molecules-failed")
    assert names(client, structure="CCCCC") == ["*CCCCCC"]
