"""Small tables of molecules: assays to learn from, and a library to predict."""

from pathlib import Path

__all__ = ["write_assays", "write_library"]

_RINGS = ("c1ccccc1", "c1ccccn1", "c1ccsc1", "c1ccoc1")
_CHAINS = ("CCO", "CCN", "CC(=O)O", "ClCC", "CC")


def write_assays(path: Path) -> Path:
    """20 molecules with whole pX on two targets, some not measured."""
    rows = [
        f"{chain}{ring},{5 + len(chain) / 4},{'' if (place + len(chain)) % 3 == 0 else 7 - len(ring) / 4}"
        for place, ring in enumerate(_RINGS)
        for chain in _CHAINS
    ]
    path.write_text("smiles,t1,t2\n" + "\n".join(rows) + "\n")
    return path


def write_library(path: Path) -> Path:
    """Known molecules, one with a fragment that no assay has, one with none that any has, and one that is no SMILES."""
    molecules = [f"{chain}{ring}" for ring in _RINGS for chain in _CHAINS] + ["BrCc1ccccc1", "FC(F)(F)S(=O)(=O)N", "C("]
    path.write_text("id,smiles\n" + "".join(f"m{number},{smiles}\n" for number, smiles in enumerate(molecules, start=1)))
    return path
