"""Replacements over HTTP: of a fragment, of a molecule, measured ones, and the similarity that they make."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from rdkit import Chem
from tests.support.replacing import replacing_run
from tests.support.store import Contents, Publisher, five_fragments

from chemistry.standardisation import standardise
from contracts.kinds import Objective
from contracts.predictions import MODEL_FILE
from prediction.predictor import Predictor
from replacement.replacements import Replacements
from scores_api.app import create_app
from scores_api.models.replacements import PairPage, Products, ReplacementList
from scores_api.replacing.contexts import CONTEXTS, carriers
from scores_api.settings import Settings

MOLECULE = "Clc1ccc(CC(=O)NC)cc1"


@dataclass(frozen=True)
class Served:
    """A client, and what its run states."""

    client: TestClient
    stated: Replacements
    names: list[str]
    bare: str
    """A run of counts, without replacements."""

    def get(self, path: str, status: int = 200, **asked: object) -> dict[str, Any]:
        answer = self.client.get(path, params=asked)  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, status: int = 200, **asked: object) -> dict[str, Any]:
        answer = self.client.post("/v1/replacements", json=asked)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


def stated_of(contents: Contents) -> Replacements:
    assert contents.replaced is not None
    arrays, about = contents.replaced
    return Replacements(dict(arrays), dict(about))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    contents = replacing_run(completes=True)
    state = tmp_path_factory.mktemp("replacements")
    publisher = Publisher(state)
    bare = publisher.publish(five_fragments())
    publisher.publish(contents, objective=Objective.ACTIVITY)
    with TestClient(create_app(Settings(state=state)), base_url="http://api") as client:
        yield Served(client, stated_of(contents), contents.names, bare)


def test_a_run_says_what_it_tells_of_fragments(served: Served) -> None:
    assert served.get("/v1/runs/current")["similarities"] == ["function", "structure", "coassay"]
    assert served.get(f"/v1/runs/{served.bare}")["similarities"] == ["balanced", "function"]


def test_neighbours_are_comparable_shown_fragments_by_how_little_is_expected_to_change(served: Served) -> None:
    items = served.get("/v1/fragments/*Cl/neighbours", limit=5)["items"]
    changes = [item["expected_change"] for item in items]
    assert changes == sorted(changes)
    assert items[0]["name"] == "*Br"
    group = served.stated.find("*Cl")
    assert group is not None
    for item in items:
        other = served.stated.find(item["name"])
        found = served.stated.expected(np.array([group]), np.array([other]))
        assert item["expected_change"] == pytest.approx(found.change_N[0], abs=6e-5)
        assert (item["function"], item["swaps"]) == (pytest.approx(found.percent_N[0], abs=0.006), found.measurements_N[0])
        assert item["change_low"] <= item["expected_change"] <= item["change_high"]
        assert item["low"] <= item["function"] <= item["high"]
        assert item["name"].count("*") == 1
        assert item["balanced"] is None


def test_alike_in_function_and_unlike_in_structure_is_one_question(served: Served) -> None:
    items = served.get("/v1/fragments/*Cl/neighbours", max_structure=15)["items"]
    assert items
    assert all(item["structure"] <= 15 for item in items)


def test_the_matrix_is_of_function_and_equal_to_what_pairs_say(served: Served) -> None:
    matrix = served.get("/cosine/score")
    names, scores = matrix["names"], np.array(matrix["scores"])
    assert names == [served.names[place] for place in range(len(served.names)) if served.names[place] in names]
    np.testing.assert_array_equal(scores, scores.T)
    np.testing.assert_array_equal(np.diag(scores), 100.0)
    answer = served.client.post("/v1/similarities", json={"fragments": names[:6]}).json()
    np.testing.assert_allclose(np.array(answer["percents"]), scores[:6, :6], atol=0.011)
    low, high = np.array(answer["low"]), np.array(answer["high"])
    assert (low <= np.array(answer["percents"]) + 1e-9).all()
    assert (high >= np.array(answer["percents"]) - 1e-9).all()


def test_replacements_offer_groups_that_are_no_fragments_of_the_run(served: Served) -> None:
    found = ReplacementList.model_validate(served.get("/v1/fragments/*Cl/replacements", limit=20))
    names = [item.name for item in found.items]
    assert "*[H]" in names
    assert "*[H]" not in served.names
    hydrogen = ReplacementList.model_validate(served.get("/v1/fragments/*[H]/replacements", limit=5))
    assert {item.name for item in hydrogen.items} >= {"*F"}


def test_at_a_target_the_sign_is_what_was_laid_into_the_data(served: Served) -> None:
    found = ReplacementList.model_validate(served.get("/v1/fragments/*Cl/replacements", target="a", limit=50))
    shifts = {item.name: item.targets[0] for item in found.items}
    told = [each.shift for each in shifts.values() if each.shift is not None]
    assert told == sorted(told, reverse=True)
    acid, methoxy = shifts["*C(=O)O"], shifts["*OC"]
    assert acid.shift is not None
    assert methoxy.shift is not None
    assert acid.shift < -0.8 < 0 < methoxy.shift
    assert acid.chance_higher is not None
    assert methoxy.chance_higher is not None
    assert acid.chance_higher < 0.01
    assert methoxy.chance_higher > 0.9
    assert 1 <= acid.contexts <= 6


def test_targets_keep_and_lose_leave_out_what_does_otherwise(served: Served) -> None:
    kept = {item["name"] for item in served.get("/v1/fragments/*Cl/replacements", keep="a", limit=50)["items"]}
    lost = {item["name"] for item in served.get("/v1/fragments/*Cl/replacements", lose="a", limit=50)["items"]}
    assert "*C(=O)O" in lost - kept
    assert "*OC" in kept - lost
    shifts = [item["targets"][0]["shift"] for item in served.get("/v1/fragments/*Cl/replacements", lose="a", limit=50)["items"]]
    assert shifts == sorted(shifts)
    assert shifts[0] < shifts[-1]


def test_a_molecule_leads_to_products_with_what_is_predicted_of_them(served: Served) -> None:
    found = Products.model_validate(served.post(smiles=MOLECULE, atom=0, targets=["a"], limit=20))
    assert (found.fragment, found.parent) == ("*Cl", standardise(MOLECULE))
    products = {item.name: item for item in found.items}
    assert products["*OC"].product == standardise("COc1ccc(CC(=O)NC)cc1")
    assert products["*[H]"].product == standardise("c1ccc(CC(=O)NC)cc1")
    asked = {"compounds": [{"smiles": products["*OC"].product}], "targets": ["a"]}
    predicted = served.client.post("/v1/predictions", json=asked).json()["compounds"][0]["predictions"][0]["value"]
    assert products["*OC"].values[0] == pytest.approx(predicted, abs=1e-4)


def test_linkers_are_replaced_the_way_round_in_which_they_were_measured(served: Served) -> None:
    amide: dict[str, Any] = {"smiles": "Clc1ccccc1NC(=O)c1ccncc1", "fragment": "*NC(*)=O"}
    items = served.post(**amide, by=["*CC(*)=O"])["items"]
    assert [item["product"] for item in items] == [standardise("Clc1ccccc1CC(=O)c1ccncc1")]
    ring: dict[str, Any] = {"smiles": "COCc1ccc(N2CCOCC2)cc1", "fragment": "*c1ccc(*)cc1"}
    items = served.post(**ring, by=["*c1ccc(*)nc1"])["items"]  # carbon of a ring at all ends: both ways were measured
    assert {item["product"] for item in items} == {standardise(f"COCc1ccc(N2CCOCC2){ring}1") for ring in ("nc", "cn")}


def test_contexts_are_spread_over_the_data(served: Served) -> None:
    contents = replacing_run(completes=True)
    predictor = Predictor.read(contents.files[MODEL_FILE], MODEL_FILE)
    group = served.stated.find("*Cl")
    assert group is not None
    whole = np.intersect1d(served.stated.compounds_with(group), predictor.measured_on(0))
    assert len(whole) > CONTEXTS
    chosen = carriers(served.stated, predictor, group, 0)
    assert [chosen[0], chosen[-1]] == [whole[0], whole[-1]]
    assert chosen[1] == whole[round((len(whole) - 1) / 2)]


def test_a_product_that_is_a_compound_of_the_data_is_told_as_predictions_tell_it(served: Served) -> None:
    targets = ["a", "b", "c"]
    found = Products.model_validate(served.post(smiles=MOLECULE, atom=0, targets=targets, limit=50))
    known = [item for item in found.items if item.matched is not None]
    assert {item.name for item in known} >= {"*OC", "*C#N", "*F"}
    asked = {"compounds": [{"smiles": item.product} for item in known], "targets": targets}
    answers = served.client.post("/v1/predictions", json=asked).json()["compounds"]
    panels = []
    for item, answer in zip(known, answers, strict=True):
        assert item.matched is not None
        assert (item.matched.id, item.matched.name) == (answer["matched"]["id"], answer["matched"]["name"])
        assert item.values == pytest.approx([each["value"] for each in answer["predictions"]], abs=1e-4)
        assert item.measured == [each["measured"] for each in answer["predictions"]]
        assert None in item.measured  # one cell of each row is empty
        panels += [each["panel"] for each in answer["predictions"] if each["measured"] is None]
    assert any(panels)  # what the compound shows elsewhere counts
    new = served.post(
        smiles=MOLECULE, atom=0, by=["*C(F)(F)F"] if "*C(F)(F)F" in served.names else ["*c1ccncc1"], targets=["a"]
    )
    assert all(item["matched"] is None and item["measured"] == [None] for item in new["items"])


def test_targets_are_told_with_their_units(served: Served) -> None:
    replacements = served.get("/v1/fragments/*Cl/replacements", target="a", limit=5)
    assert replacements["change_unit"] == "log units"
    assert {(each["unit"], each["kept_within"]) for item in replacements["items"] for each in item["targets"]} == {
        ("pIC50", 0.5)
    }
    assert served.get("/v1/fragments/*Cl/neighbours")["change_unit"] == "log units"
    assert {item["unit"] for item in served.get("/v1/pairs", a="*Cl", b="*F")["items"]} == {"pIC50"}
    answer = served.client.post("/v1/predictions", json={"compounds": [{"smiles": MOLECULE}]}).json()
    assert {each["unit"] for each in answer["compounds"][0]["predictions"]} == {"pIC50"}
    assert {item["unit"] for item in served.get("/v1/factors/targets")["items"]} == {"pIC50"}
    assert {item["unit"] for item in served.get("/v1/factors/fragments")["items"]} == {None}


def test_it_is_said_how_many_groups_were_looked_at(served: Served) -> None:
    plain = served.get("/v1/fragments/*Cl/replacements", limit=2)
    assert (plain["considered"], len(plain["items"])) == (2, 2)
    chosen = served.get("/v1/fragments/*Cl/replacements", keep="a", limit=2)
    assert chosen["considered"] == min(30, chosen["comparable"]) > len(chosen["items"])
    group = served.stated.find("*Cl")
    assert group is not None
    assert chosen["comparable"] == served.stated.listed_G[served.stated.comparable(group)].sum()
    assert served.post(smiles=MOLECULE, fragment="*Cl", by=["*F", "*C#N"])["considered"] == 2


def test_in_other_units_a_change_is_one_of_the_spread_of_the_target(served: Served, tmp_path: Path) -> None:
    percent = replacing_run(percent=True)
    Publisher(tmp_path).publish(percent, objective=Objective.ACTIVITY)
    with TestClient(create_app(Settings(state=tmp_path)), base_url="http://api") as client:
        found = client.get("/v1/fragments/*Cl/replacements", params={"target": "a", "limit": 20}).json()
        answer = client.post("/v1/predictions", json={"compounds": [{"smiles": MOLECULE}]}).json()
    assert found["change_unit"] == "standard deviations"
    assert {each["unit"] for each in answer["compounds"][0]["predictions"]} == {"%"}
    spread = stated_of(percent).reading.one_T[0]
    assert 10 < spread < 25  # of percents from 0 to 100
    logarithms = {item["name"]: item for item in served.get("/v1/fragments/*Cl/replacements", target="a", limit=20)["items"]}
    for item in found["items"]:
        other, at = logarithms[item["name"]], item["targets"][0]
        assert at["unit"] == "%"
        assert at["kept_within"] == pytest.approx(0.5 * spread, abs=1e-3)
        assert at["shift"] == pytest.approx(25 * other["targets"][0]["shift"], rel=0.05, abs=0.5)
        assert item["expected_change"] == pytest.approx(25 * other["expected_change"] / spread, rel=0.15)
    assert max(item["percent"] for item in found["items"]) > 50  # within half a percent nothing is kept


def test_what_replaces_may_be_named_and_a_hydrogen_be_replaced(served: Served) -> None:
    found = served.post(smiles=MOLECULE, fragment="*Cl", by=["*F", "*C#N"])
    assert {item["product"] for item in found["items"]} == {standardise(f"{x}c1ccc(CC(=O)NC)cc1") for x in ("F", "N#C")}
    found = served.post(smiles=MOLECULE, fragment="*[H]", atom=2, by=["*F"])
    assert [item["product"] for item in found["items"]] == [standardise("Clc1ccc(CC(=O)NC)cc1F")] or len(found["items"]) == 1


def test_products_are_told_as_a_structure_file(served: Served) -> None:
    answer = served.client.post(
        "/v1/replacements",
        json={"smiles": MOLECULE, "fragment": "*Cl", "by": ["*F", "*C#N"], "targets": ["a"]},
        headers={"accept": "chemical/x-mdl-sdfile"},
    )
    assert answer.headers["content-type"].startswith("chemical/x-mdl-sdfile")
    with Chem.SDMolSupplier() as supplier:
        supplier.SetData(answer.text)
        molecules = list(supplier)
    assert {Chem.MolToSmiles(each) for each in molecules} == {standardise(f"{x}c1ccc(CC(=O)NC)cc1") for x in ("F", "N#C")}
    assert float(molecules[0].GetProp("a predicted")) > 3


def test_measured_pairs_are_those_of_the_data_page_by_page(served: Served) -> None:
    whole = PairPage.model_validate(served.get("/v1/pairs", a="*Cl", b="*C(=O)O"))
    assert whole.swaps == 12
    assert whole.next is None
    assert whole.mean_difference == pytest.approx(-1.6, abs=0.1)
    for item in whole.items:
        assert item.difference == pytest.approx(item.second_value - item.first_value, abs=1e-9)
        assert "Cl" in item.first_smiles
    back = PairPage.model_validate(served.get("/v1/pairs", a="*C(=O)O", b="*Cl"))
    assert [item.difference for item in back.items] == [-item.difference for item in whole.items]
    first = PairPage.model_validate(served.get("/v1/pairs", a="*Cl", b="*C(=O)O", limit=5))
    rest = PairPage.model_validate(served.get("/v1/pairs", a="*Cl", b="*C(=O)O", cursor=first.next, limit=1000))
    assert [*first.items, *rest.items] == whole.items


@pytest.mark.parametrize(
    ("path", "asked", "status", "slug"),
    [
        ("/v1/fragments/*Q/replacements", {}, 404, "fragment-not-found"),
        ("/v1/fragments/*Cl/replacements", {"target": "nobody"}, 404, "target-not-found"),
        ("/v1/fragments/*Cl/replacements", {"limit": 0}, 422, "invalid-request"),
        ("/v1/fragments/*Cl/neighbours", {"similarity": "balanced"}, 422, "similarity-unavailable"),
        ("/v1/pairs", {"a": "*Cl", "b": "*Q"}, 404, "fragment-not-found"),
        ("/v1/pairs", {"a": "*Cl", "b": "*F", "cursor": "x"}, 422, "invalid-cursor"),
    ],
)
def test_what_cannot_be_told_is_a_problem(served: Served, path: str, asked: dict[str, Any], status: int, slug: str) -> None:
    assert served.get(path, status, **asked)["type"].endswith(slug)


@pytest.mark.parametrize(
    ("asked", "status", "slug"),
    [
        ({"smiles": MOLECULE}, 422, "invalid-request"),
        ({"smiles": "c1cc", "atom": 0}, 422, "molecules-unreadable"),
        ({"smiles": MOLECULE, "atom": 99}, 422, "molecules-unreadable"),
        ({"smiles": MOLECULE, "fragment": "*Br"}, 422, "molecules-unreadable"),
        ({"smiles": MOLECULE, "fragment": "*Cl", "by": ["*Q"]}, 404, "fragment-not-found"),
        ({"smiles": MOLECULE, "fragment": "*Cl", "by": ["*F", "*F"]}, 422, "invalid-request"),
        ({"smiles": MOLECULE, "fragment": "*Cl", "targets": ["nobody"]}, 404, "target-not-found"),
    ],
)
def test_a_question_that_cannot_be_answered_is_a_problem(served: Served, asked: dict[str, Any], status: int, slug: str) -> None:
    assert served.post(status, **asked)["type"].endswith(slug)


def test_a_fragment_of_too_many_open_ends_is_refused_by_name(served: Served) -> None:
    ring = "c1(N2CCOCC2)c(N2CCOCC2)c(N2CCOCC2)c(N2CCOCC2)c(N2CCOCC2)c1N1CCOCC1"
    found = served.post(422, smiles=ring, fragment="*c1c(*)c(*)c(*)c(*)c1*")
    assert found["type"].endswith("molecules-unreadable")
    assert "whose 6 open ends are more than the 5" in found["errors"][0]["reason"]


def test_a_run_without_replacements_says_so(served: Served) -> None:
    found = served.get(f"/v1/fragments/{quote('fA')}/replacements", 422, run=served.bare)
    assert found["type"].endswith("replacements-unavailable")
