"""The pages of predictions in a real browser."""

import csv
import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect
from rdkit import Chem
from tests.support.browser import Visit
from tests.support.gaussian import SMILES
from tests.viz.conftest import ASPIRIN, KNOWN, Addresses

from chemistry.structure_file import sd_file

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_typed_molecule_is_predicted_and_taken_apart(addresses: Addresses, visit: Visit, context: BrowserContext) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}")
    expect(page.locator("#expected-view")).to_contain_text("Type a molecule above")
    page.get_by_label("SMILES, or names").fill(f" {ASPIRIN} ")
    page.keyboard.press("Enter")
    expect(page.locator("#expected-view tbody tr")).to_have_count(10)
    expect(page.locator("#expected-view .flag")).to_contain_text("Some fragments are in too few compounds")
    expect(page.locator("#parts-view tbody tr")).to_have_count(3 + len(KNOWN) + 1)
    expect(page.get_by_role("row", name=re.compile(r"^\*O\* .*unknown"))).to_be_visible()
    chosen = page.locator("#expected-view tbody tr th").nth(3).inner_text()
    page.locator("#expected-view").get_by_role("link", name=chosen, exact=True).click()
    expect(page.locator("#expected-view tr.chosen th")).to_have_text(chosen)
    expect(page.locator("#parts-view h2")).to_contain_text(f"Chance to be active on {chosen}: ")
    expect(page.get_by_label("Target, if not the first ones")).to_have_value(chosen)
    shown = page.locator("#parts-view tbody").inner_text()
    adds = [float(text.replace("−", "-")) for text in page.locator("#parts-view tbody td:nth-child(2)").all_inner_texts()]
    assert sum(adds[:-1]) == pytest.approx(adds[-1], abs=0.005)

    link = page.get_by_role("link", name="Permanent link").get_attribute("href")
    other = context.new_page()
    other.goto(addresses.dash + str(link))
    expect(other.locator("#parts-view tbody tr").first).to_be_visible()
    assert other.locator("#parts-view tbody").inner_text() == shown
    expect(other.get_by_label("SMILES")).to_have_value(ASPIRIN)


def test_a_target_that_is_not_among_the_highest_is_shown_as_well(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}&compound={quote(ASPIRIN, safe='')}")
    expect(page.locator("#expected-view tbody tr")).to_have_count(10)
    listed = page.locator("#expected-view tbody th").all_inner_texts()
    other = next(name for name in (f"target {place}" for place in range(12)) if name not in listed)
    page.get_by_label("Target, if not the first ones").fill(other)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#expected-view tr.chosen th")).to_have_text(other)
    expect(page.locator("#expected-view tbody tr")).to_have_count(11)


def test_a_molecule_of_the_data_stands_beside_what_was_measured_and_beside_its_relatives(
    addresses: Addresses, visit: Visit
) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.model}&compound={quote(SMILES[4], safe='')}&target=pX")
    expect(page.locator("#expected-view")).to_contain_text("This is C4 of the data")
    head = page.locator("#expected-view thead th").all_inner_texts()
    assert head == ["Target", "Value", "Above usual", "90 % interval", "Measured"]
    chosen = page.locator("#expected-view tr.chosen td")
    value, above = (float(text.replace("−", "-")) for text in chosen.all_inner_texts()[:2])
    parts, relatives = page.locator("#parts-view table").first, page.locator("#parts-view table").nth(1)
    adds = [float(text.replace("−", "-")) for text in parts.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert sum(adds[:-1]) == pytest.approx(adds[-1], abs=0.005)
    assert adds[-1] == pytest.approx(value, abs=0.006)
    assert adds[0] == pytest.approx(value - above, abs=0.011)
    expect(parts.get_by_role("row", name=re.compile("^Rest of the molecule"))).to_be_visible()
    expect(relatives.locator("tbody tr")).to_have_count(3)
    expect(relatives.locator("tbody tr").first).to_contain_text("100.0")
    assert relatives.locator("tbody td:nth-child(4)").first.inner_text() == chosen.nth(3).inner_text()


def test_a_molecule_unlike_all_that_was_measured_is_said_to_be_far(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.model}&compound={quote('OCC(O)C(O)C(O)CO', safe='')}")
    expect(page.locator("#expected-view .badge").first).to_have_text("far")
    expect(page.locator("#expected-view")).to_contain_text("The most alike compound of the data is")


def test_fragments_without_structures_are_asked_for_by_name(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}&compound=%2Ac1ccncc1%2C%20%2Ac1ccsc1%2C%2Ac1ccsc1")
    expect(page.locator("#parts-view tbody tr")).to_have_count(3 + 2)
    expect(page.locator("#expected-view .flag")).to_have_count(0)


def test_one_fragment_is_asked_for_by_its_name_alone(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}&compound=%2Ac1ccncc1")
    expect(page.locator("#parts-view tbody tr")).to_have_count(1 + 3)


def test_an_example_is_offered_where_something_is_predicted_alone(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}")
    expect(page.locator("#examples a").first).to_be_visible()
    with page.expect_response(lambda answer: '"examples.children"' in (answer.request.post_data or "")) as examples:
        page = visit.go(f"{addresses.dash}/predict?compound=fA")
    assert examples.value.json()["response"]["examples"]["children"] == []
    expect(page.locator("#expected-view")).to_contain_text("This run predicts nothing")
    expect(page.locator("#examples a")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("run={chances}&compound=C1CC", "This molecule cannot be predicted"),
        ("run={chances}&compound=CCO&target=nobody", "has no target 'nobody'"),
        ("compound=CCO", "This run predicts nothing"),
    ],
)
def test_what_cannot_be_predicted_is_said(addresses: Addresses, visit: Visit, query: str, sentence: str) -> None:
    page = visit.go(f"{addresses.dash}/predict?{query.format(chances=addresses.chances)}")
    expect(page.locator("#expected-view")).to_contain_text(sentence)
    expect(page.locator("#parts-view")).to_be_hidden()


def test_many_molecules_are_predicted_and_lines_that_are_none_are_named(
    addresses: Addresses, visit: Visit, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/predict-many?run={addresses.model}")
    page.get_by_label("SMILES, one a line").fill(f"{SMILES[4]}\n\nnonsense( a name\n{SMILES[7]} C7\n[Na+]")
    page.get_by_role("button", name="Predict all").click()
    left = page.locator("#many-view .table-frame").first
    expect(left).to_contain_text("2 lines left out")
    assert [row.split("\t")[0] for row in left.locator("tbody tr").all_inner_texts()] == ["3", "5"]
    expect(page.locator("#many-view img.structure")).to_have_count(2)
    question = {"compounds": [{"smiles": SMILES[4]}, {"smiles": SMILES[7]}], "limit": 3}
    answer = http.post(f"{addresses.scores}/v1/predictions", params={"run": addresses.model}, json=question).json()
    stated = [target for compound in answer["compounds"] for target in compound["predictions"]]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [(row["line"], row["target"]) for row in rows] == [("1", each["target"]) for each in stated[:3]] + [
        ("4", each["target"]) for each in stated[3:]
    ]
    assert [float(row["value"]) for row in rows] == [each["value"] for each in stated]


def test_a_file_of_molecules_becomes_a_table_and_a_structure_file(
    addresses: Addresses, visit: Visit, http: httpx.Client, tmp_path: Path
) -> None:
    table, structures = tmp_path / "mine.csv", tmp_path / "mine.sdf"
    table.write_text(f'id,"Canonical SMILES",note\r\n"first, of all",{SMILES[4]},a\r\n,{SMILES[7]},"b ""c"""\r\n')

    def choose_again() -> None:
        with page.expect_file_chooser() as chooser:
            page.get_by_label("Drop a file here, or choose one").click()
        chooser.value.set_files(structures)

    written = sd_file([(SMILES[4], {"name": "from a file"}), (SMILES[9], {"name": ""})])
    structures.write_text(written)
    page = visit.go(f"{addresses.dash}/predict-many?run={addresses.model}")
    page.get_by_label("Drop a file here, or choose one").set_input_files(table)
    expect(page.locator("#many-status")).to_have_text("mine.csv: 2 molecules stand below.")
    expect(page.get_by_label("SMILES, one a line")).to_have_value(f"{SMILES[4]} first, of all\n{SMILES[7]}")

    page.get_by_label("Drop a file here, or choose one").set_input_files(structures)
    expect(page.locator("#many-status")).to_have_text("mine.sdf: 2 molecules stand below.")
    carbon, nothing = (Chem.MolToMolBlock(Chem.MolFromSmiles(each)) for each in ("C", ""))
    structures.write_text(f"{carbon}> <Name>\na\tname\n\n$$$$\n{nothing}$$$$\n{carbon}".replace("\n", "\r\n"))
    choose_again()
    expect(page.locator("#many-status")).to_have_text(
        "mine.sdf: 2 molecules stand below. 1 record has no structure that can be read."
    )
    expect(page.get_by_label("SMILES, one a line")).to_have_value("C a name\nC")
    structures.write_text(written)
    choose_again()
    expect(page.locator("#many-status")).to_have_text("mine.sdf: 2 molecules stand below.")
    page.get_by_role("button", name="Predict all").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#many-view img.structure")).to_have_count(2)
    expect(page.locator("#many-view tbody tr").first).to_contain_text("from a file")
    question = {"compounds": [{"smiles": SMILES[4]}, {"smiles": SMILES[9]}], "limit": 3}
    answer = http.post(f"{addresses.scores}/v1/predictions", params={"run": addresses.model}, json=question).json()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download SDF").press("Enter")
    assert download.value.suggested_filename == "predictions.sdf"
    with Chem.SDMolSupplier(str(download.value.path())) as supplier:
        molecules = list(supplier)
    assert molecules[0].GetProp("_Name") == "from a file"
    assert [Chem.MolToSmiles(each) for each in molecules] == [each["parent"] for each in answer["compounds"]]
    for molecule, stated in zip(molecules, answer["compounds"], strict=True):
        for at in stated["predictions"]:
            assert float(molecule.GetProp(f"{at['target']} predicted")) == at["value"]
