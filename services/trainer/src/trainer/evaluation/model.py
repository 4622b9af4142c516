"""The model of an `activity` run: a fit, calibrated, as it is published and as it is judged."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import scipy.sparse

from trainer.data.activity import Activity
from trainer.evaluation.calibration import calibrate
from trainer.evaluation.foretold import Foretold, foretold_by_file
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Named, Probit, Stretch, fragment_weights, write_model
from trainer.factorization.gaussian.molecules import Molecules

__all__ = ["Facts", "Model"]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a model learns from beside cells."""

    kernel: Kernel
    named: Named
    scaffolds_C: list[str]
    binary: bool

    @classmethod
    def of(cls, activity: Activity, *, binary: bool) -> Self:
        """Of these data."""
        smiles: list[str | None] = activity.compounds["smiles"].to_pylist()
        molecules = Molecules.of([each for each in smiles if each]) if smiles and all(smiles) else None
        return cls(
            kernel=Kernel.of(scipy.sparse.csr_array(activity.membership_FC().T), molecules),
            named=Named(
                compounds=activity.compounds["name"].to_pylist(),
                smiles=smiles,
                fragments=activity.names,
                targets=activity.targets["name"].to_pylist(),
            ),
            scaffolds_C=[scaffold or "" for scaffold in activity.compounds["scaffold"].to_pylist()],
            binary=binary,
        )


@dataclass(frozen=True, eq=False)
class Model:
    """A fit and what left-out compounds showed of it."""

    facts: Facts
    fit: Gaussian
    stretch: Stretch
    probit: Probit | None

    @classmethod
    def learned(cls, facts: Facts, cells: Cells, *, device: str) -> Self:
        """From all of these cells."""
        fit = fit_gaussian(cells, facts.kernel, device=device)
        stretch, probit = calibrate(fit, facts.kernel, facts.named, facts.scaffolds_C, binary=facts.binary, device=device)
        return cls(facts, fit, stretch, probit)

    def write(self, path: Path) -> None:
        """The model file."""
        write_model(path, self.fit, self.facts.kernel, self.facts.named, self.stretch, self.probit)

    def fragment_weights_FT(self) -> scipy.sparse.csr_array:
        """What each fragment adds to the value of each target."""
        return fragment_weights(self.fit, self.facts.kernel)

    def foretells(self, cells: Cells) -> Foretold:
        """What the file says of cells of compounds as if each were new."""
        return foretold_by_file(self.fit, self.facts.kernel, self.facts.named, cells, (self.stretch, self.probit))
