"""Pictures of fragments."""

from xml.etree import ElementTree as ET

import pytest

from chemistry.drawing import draw
from chemistry.unfragmentable import Unfragmentable


@pytest.mark.parametrize("smiles", ["*N1CCOCC1", "c1ccccc1", "*", "*C(=O)N(*)*", "[Na+].*C(=O)[O-]"])
def test_a_fragment_is_a_picture(smiles: str) -> None:
    root = ET.fromstring(draw(smiles))  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    assert root.attrib["width"] == "220px"
    assert len(root.findall("{*}path")) + len(root.findall("{*}text")) > 0


def test_morpholine_shows_its_heteroatoms() -> None:
    root = ET.fromstring(draw("*N1CCOCC1"))  # noqa: S314 - our own
    drawn = {name for element in root.iter() for name in element.attrib.get("class", "").split()}
    assert {"atom-1", "atom-4"} <= drawn


def test_what_is_no_molecule_is_refused() -> None:
    with pytest.raises(Unfragmentable):
        draw("morpholine")
