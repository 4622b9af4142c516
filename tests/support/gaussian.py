"""A small table of molecules and a Gaussian fit of it, for whoever asks a model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from chemistry import fragment
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Calibration, Named, model_arrays
from trainer.factorization.gaussian.molecules import Molecules
from trainer.factorization.gaussian.panel import Panel

__all__ = ["SMILES", "Table", "arrays_of", "fitted", "named", "panel_of", "table"]

SMILES = tuple(
    f"{head}{middle}{tail}"
    for head in ("CC(=O)N", "O=C(O)C", "CS(=O)(=O)N", "FC(F)(F)C", "N#CC", "ClCC")
    for middle in ("c1ccc(", "c1cc(")
    for tail in (
        "C)cc1",
        "N2CCOCC2)cc1",
        "Cl)cc1",
        "OC)cc1",
        "C(F)(F)F)cc1",
        "N2CCCCC2)cc1",
    )
    if middle == "c1ccc("
)
"""36 molecules of like build."""


@dataclass(frozen=True, eq=False)
class Table:
    """Molecules by fragments, and cells on three targets, the last of which has but two."""

    cells: Cells
    kernel: Kernel
    fragments: tuple[str, ...]


def table(seed: int = 0) -> Table:
    """The same for the same seed."""
    random = np.random.default_rng(seed)
    cut = [fragment(smiles).fragments for smiles in SMILES]
    names = tuple(sorted({name for names in cut for name in names}))
    rows = [(row, names.index(name)) for row, found in enumerate(cut) for name in set(found)]
    membership_CF = scipy.sparse.csr_array((np.ones(len(rows)), np.array(rows).T), shape=(len(SMILES), len(names)))
    effect_F = random.normal(0, 0.5, (2, len(names)))
    compound = np.concatenate([np.arange(len(SMILES)), np.arange(0, len(SMILES), 2), [0, 1]])
    target = np.repeat([0, 1, 2], [len(SMILES), len(SMILES) // 2, 2])
    value = 6.5 + (membership_CF @ effect_F.T)[compound, np.minimum(target, 1)] + random.normal(0, 0.1, len(compound))
    value[target == 1] *= 1000.0  # another unit
    cells = Cells.of(compound, target, value, compounds=len(SMILES), targets=3)
    return Table(cells, Kernel.of(membership_CF, Molecules.of(SMILES)), names)


def fitted(given: Table, share: float | None = None) -> Gaussian:
    """The fit of all cells."""
    return fit_gaussian(given.cells, given.kernel, share=share)


def named(given: Table) -> Named:
    """What its compounds, fragments and targets are called."""
    return Named(
        compounds=[f"C{number}" for number in range(len(SMILES))],
        smiles=[fragment(smiles).parent for smiles in SMILES],
        fragments=given.fragments,
        targets=["T0", "T1", "T2"],
        titles=["first", None, None],
    )


def panel_of(fit: Gaussian) -> Panel:
    """One factor that all targets share: what a compound has on one it has on the others."""
    residual_N, _ = fit.residuals()
    targets = fit.cells.targets
    return Panel(
        np.full((targets, 1), 0.8), np.full((targets, 1, 1), 0.01), np.full(targets, 0.4), np.full(targets, 0.9), residual_N
    )


def arrays_of(given: Table, fit: Gaussian, calibration: Calibration | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """The model file's content."""
    return model_arrays(fit, panel_of(fit), given.kernel, named(given), calibration or Calibration())
