"""Drawings of structures over HTTP, and what they show."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient
from tests.support.store import Publisher, five_fragments, named_fragments

from scores_api.app import create_app
from scores_api.settings import Settings

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
LIKE_IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCOCC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
FRAGMENTS = ["*c1ccncc1", "*C(=O)O", "*OC(*)=O"]
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    state = tmp_path_factory.mktemp("drawings")
    publisher = Publisher(state)
    publisher.publish(five_fragments())
    contents = named_fragments(FRAGMENTS)
    table = contents.facts["fragments"]
    drawable = table.set_column(table.schema.get_field_index("smiles"), "smiles", [FRAGMENTS])
    publisher.publish(dataclasses.replace(contents, facts={**contents.facts, "fragments": drawable}))
    with TestClient(create_app(Settings(state=state)), base_url="http://api") as client:
        yield client


def drawn(client: TestClient, **question: object) -> ET.Element:
    answer = client.get("/v1/drawings", params=question)  # type: ignore[arg-type]  # lists and texts
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    return ET.fromstring(answer.content)  # noqa: S314 - our own


def lit(svg: ET.Element) -> list[str]:
    """Classes of the discs below atoms."""
    return [disc.attrib["class"] for disc in svg.iter(f"{_SVG}circle")]


def places(svg: ET.Element) -> dict[str, list[str]]:
    """Where the first bond of each two atoms is drawn."""
    bonds = [path for path in svg.iter(f"{_SVG}path") if path.attrib.get("class", "").startswith("bond")]
    return {path.attrib["class"]: re.findall(r"[-0-9.]+", path.attrib["d"]) for path in reversed(bonds)}


def test_a_molecule_is_drawn_on_no_ground_in_colours_for_light_and_dark(client: TestClient) -> None:
    svg = drawn(client, smiles=ASPIRIN)
    style = next(svg.iter(f"{_SVG}style")).text or ""
    assert "prefers-color-scheme:dark" in style
    assert list(svg.iter(f"{_SVG}rect")) == []
    painted = ET.tostring(svg).decode().replace(style, "")
    assert re.findall(r"#[0-9A-Fa-f]{6}", painted) == []
    assert len(set(re.findall(r"var\((--c\w+)\)", painted))) == 2  # carbon and oxygen
    assert (svg.findtext(f"{_SVG}title")) == ASPIRIN


def test_open_bonds_end_in_a_wavy_line_and_come_from_the_left(client: TestClient) -> None:
    svg = drawn(client, smiles="*c1ccncc1")
    (wave,) = [path.attrib["d"] for path in svg.iter(f"{_SVG}path") if path.attrib["d"].count("C") > 5]
    x, _, farther, _ = map(float, places(svg)["bond-0 atom-0 atom-1"])
    assert x < farther
    assert float(re.findall(r"[-0-9.]+", wave)[0]) == pytest.approx(x, abs=6)
    assert [path for path in svg.iter(f"{_SVG}path") if path.attrib.get("class") == "atom-0"] == [], "no letter"


def test_the_atoms_of_a_fragment_are_lit_and_its_open_bonds_are_not(client: TestClient) -> None:
    assert lit(drawn(client, smiles=ASPIRIN, highlight="*c1ccccc1*")) == ["lit"] * 6
    assert lit(drawn(client, smiles=ASPIRIN, highlight="*OC(*)=O")) == ["lit"] * 3, "the acid's oxygen is no ester's"
    assert lit(drawn(client, smiles=ASPIRIN, highlight="[CX3](=O)[OX2H1]")) == ["lit"] * 3
    assert lit(drawn(client, smiles=ASPIRIN)) == []


def test_weights_are_shared_out_to_atoms_and_the_strongest_has_the_strongest_colour(client: TestClient) -> None:
    weighed = drawn(client, smiles=ASPIRIN, highlight=["*C(=O)O", "*c1ccccc1*"], weight=["0.3", "-0.15"])
    assert sorted(lit(weighed)) == ["lowers1"] * 6 + ["raises4"] * 3  # 0.1 and 0.025 an atom


def test_what_a_molecule_shares_with_the_template_lies_as_it_does_there(client: TestClient) -> None:
    whole = places(drawn(client, smiles=IMATINIB))
    turned = places(drawn(client, smiles=LIKE_IMATINIB, template=IMATINIB))
    shared = [bond for bond in whole if max(map(int, re.findall(r"atom-(\d+)", bond))) < 14]
    moves = {
        tuple(round(float(a) - float(b)) for a, b in zip(whole[bond][:2], turned[bond][:2], strict=True)) for bond in shared
    }
    assert len(moves) <= 4, "one shift of the page, to a pixel"
    assert max(x for x, _ in moves) - min(x for x, _ in moves) <= 1


def test_a_held_drawing_is_not_sent_again_and_another_one_is(client: TestClient) -> None:
    first = client.get("/v1/drawings", params={"smiles": ASPIRIN})
    held = {"If-None-Match": first.headers["etag"]}
    again = client.get("/v1/drawings", params={"smiles": ASPIRIN}, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/v1/drawings", params={"smiles": ASPIRIN, "highlight": "*C(=O)O"}, headers=held)
    assert other.status_code == 200
    assert "max-age" in first.headers["cache-control"]


@pytest.mark.parametrize(
    ("question", "place", "reason"),
    [
        ({"smiles": "C1CC"}, "smiles", "not a SMILES of a possible molecule"),
        ({"smiles": "C(C)(C)(C)(C)C"}, "smiles", "not a SMILES of a possible molecule"),
        ({"smiles": "C" * 251}, "smiles", "more than 250 atoms"),
        ({"smiles": "CC", "template": "no"}, "template", "not a SMILES of a possible molecule"),
        ({"smiles": "CC", "highlight": ["C", "[#"]}, "highlight.1", "neither a SMILES nor a SMARTS"),
        ({"smiles": "CC", "highlight": ["C"], "weight": ["1", "2"]}, "weight", "there are 2 weights for 1 highlights"),
    ],
)
def test_what_cannot_be_drawn_is_a_problem_that_names_the_place(
    client: TestClient, question: dict[str, object], place: str, reason: str
) -> None:
    answer = client.get("/v1/drawings", params=question)  # type: ignore[arg-type]  # lists and texts
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/structure-unreadable")
    assert [(error["place"], error["reason"]) for error in answer.json()["errors"]] == [(place, reason)]


@pytest.mark.parametrize("question", [{"smiles": ""}, {}, {"smiles": "C" * 2001}, {"smiles": "C", "weight": "nan"}])
def test_a_question_beyond_its_bounds_is_invalid(client: TestClient, question: dict[str, str]) -> None:
    answer = client.get("/v1/drawings", params=question)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")


def test_a_fragment_is_drawn_by_its_name(client: TestClient) -> None:
    for name in FRAGMENTS:
        answer = client.get(f"/v1/fragments/{quote(name, safe='')}/drawing.svg")
        assert answer.status_code == 200
        assert ET.fromstring(answer.content).findtext(f"{_SVG}title") == name  # noqa: S314 - our own


def test_every_atom_has_a_disc_with_its_number_in_the_smiles(client: TestClient) -> None:
    discs = drawn(client, smiles=ASPIRIN, atoms=True).findall(f"{_SVG}circle[@class='atom']")
    assert [int(disc.attrib["data-atom"]) for disc in discs] == list(range(13))
    assert "".join(disc.attrib["data-element"] for disc in discs) == "CCOOCCCCCCCOO"
    assert len({(disc.attrib["cx"], disc.attrib["cy"]) for disc in discs}) == 13
    assert drawn(client, smiles=ASPIRIN).findall(f"{_SVG}circle") == []
    assert len(drawn(client, smiles="*C(=O)O", atoms=True).findall(f"{_SVG}circle[@class='atom']")) == 3


def test_a_fragment_of_names_alone_has_no_drawing(client: TestClient) -> None:
    run = client.get("/v1/runs").json()["items"][-1]["id"]
    answer = client.get("/v1/fragments/fA/drawing.svg", params={"run": run})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/structure-unknown")
    unknown = client.get("/v1/fragments/nobody/drawing.svg", params={"run": run})
    assert unknown.json()["type"] == "/problems/fragment-not-found"


def test_a_draughtsman_that_was_killed_is_started_again(client: TestClient) -> None:
    drawn(client, smiles="CCO")
    client.app.state.drawings._worker._process.kill()  # type: ignore[attr-defined]  # noqa: SLF001 - to end it
    failed = client.get("/v1/drawings", params={"smiles": "CCN"})
    assert (failed.status_code, failed.json()["type"]) == (500, "/problems/molecules-failed")
    drawn(client, smiles="CCN")


def test_drawing_loads_no_chemistry_into_the_server() -> None:
    source = Path(__file__).parents[2] / "services" / "scores-api" / "src" / "scores_api"
    imports = [
        path.name
        for path in [source / "routes" / "drawings.py", source / "structures" / "drawings.py", source / "worker_process.py"]
        if re.search(r"^(from|import) rdkit", path.read_text(), re.MULTILINE)
    ]
    assert imports == []
