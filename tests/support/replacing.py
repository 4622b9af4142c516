"""A table of molecules in which every replacement does what was laid into it."""

from pathlib import Path

import numpy as np

__all__ = ["EFFECTS", "write_replaceable"]

EFFECTS = {"F": 0.0, "Cl": 0.1, "Br": 0.2, "C": 0.1, "CO": 0.4, "OC(=O)": -1.5, "N#C": 0.3, "C1COCCN1": -0.6, "[H]": -0.2}
"""What each substituent adds to pX; written so that the scaffold follows."""
_SCAFFOLDS = (
    "c1ccc(CC(=O)NC)cc1",
    "c1ccc(-c2ccncc2)cc1",
    "c1ccc2c(c1)CCN2C",
    "c1cc(C(=O)NCC)ccn1",
    "c1ccc(S(=O)(=O)N(C)C)cc1",
    "c1cnc(NCCO)cn1",
    "c1csc(CN2CCCC2)c1",
    "c1ccc(OCCN(C)C)cc1",
    "c1ccc(C2CC2)nc1",
    "c1oc(CNC)cc1",
    "c1ccc(CCCO)cc1",
    "c1nc(CC)cs1",
)


def write_replaceable(path: Path, *, binary: bool = False) -> Path:
    """12 scaffolds with 9 substituents on three targets, some cells not measured; differences have noise of 0.1."""
    random = np.random.default_rng(0)
    rows = []
    for place, scaffold in enumerate(_SCAFFOLDS):
        for substituent, effect in EFFECTS.items():
            smiles = scaffold if substituent == "[H]" else f"{substituent}{scaffold}"
            values = 6.0 + place % 4 * 0.5 + effect + random.normal(0, 0.1, 3)
            cells = [f"{int(value > 6.5)}" if binary else f"{value:.2f}" for value in values]
            cells[(place + len(rows)) % 3] = ""
            rows.append(",".join([smiles, *cells]))
    path.write_text("smiles,pIC50 a,pIC50 b,pIC50 c\n".replace("pIC50 ", "" if binary else "pIC50 ") + "\n".join(rows) + "\n")
    return path
