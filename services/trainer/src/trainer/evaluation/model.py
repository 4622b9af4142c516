"""The model of an `activity` run: a fit, completed and calibrated, as it is published and as it is judged."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse

from prediction.model_file import write_arrays
from prediction.predictor import Predictor
from trainer.data.activity import Activity
from trainer.evaluation.calibration import calibrate
from trainer.evaluation.foretold import Foretold, foretold_by_file
from trainer.evaluation.standing import standing_of
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.bounds import Bounds
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Calibration, Named, fragment_weights, model_arrays, standing_arrays
from trainer.factorization.gaussian.molecules import Molecules
from trainer.factorization.gaussian.panel import Panel, fit_panel

__all__ = ["Facts", "Model", "ModelFile"]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a model learns from beside cells."""

    kernel: Kernel
    named: Named
    scaffolds_C: list[str]
    binary: bool
    bounds: Bounds

    @classmethod
    def of(cls, activity: Activity, cells: Cells, *, binary: bool) -> Self:
        """Of these data, whose cells are these."""
        smiles: list[str | None] = activity.compounds["smiles"].to_pylist()
        molecules = Molecules.of([each for each in smiles if each]) if smiles and all(smiles) else None
        compound, target, value = (activity.bounds[name].to_numpy() for name in ("compound", "target", "value"))
        above = np.array([relation == ">" for relation in activity.bounds["relation"].to_pylist()], dtype=np.bool_)
        return cls(
            kernel=Kernel.of(scipy.sparse.csr_array(activity.membership_FC().T), molecules),
            named=Named(
                compounds=activity.compounds["name"].to_pylist(),
                smiles=smiles,
                fragments=activity.names,
                targets=activity.targets["name"].to_pylist(),
                titles=activity.targets["title"].to_pylist(),
            ),
            scaffolds_C=[scaffold or "" for scaffold in activity.compounds["scaffold"].to_pylist()],
            binary=binary,
            bounds=Bounds.none()
            if binary
            else Bounds.of(compound.astype(np.int64), target.astype(np.int64), value, above, cells),
        )

    def without(self, compounds: npt.NDArray[np.int64]) -> Self:
        """The same, but for what bounds say of these compounds."""
        return replace(self, bounds=self.bounds.without(compounds))


@dataclass(frozen=True, eq=False)
class ModelFile:
    """The content of a model file, which only has to be written."""

    arrays: dict[str, npt.NDArray[Any]]
    about: dict[str, str]

    def write(self, path: Path) -> None:
        """Write it."""
        write_arrays(path, self.arrays, self.about)


@dataclass(frozen=True, eq=False)
class Model:
    """A fit and what left-out cells showed of it."""

    facts: Facts
    fit: Gaussian
    panel: Panel
    calibration: Calibration

    @classmethod
    def learned(cls, facts: Facts, cells: Cells, *, device: str) -> Self:
        """From all of these cells and from the bounds."""
        fit = fit_gaussian(cells, facts.kernel, bounds=facts.bounds, device=device)
        residual_N, _ = fit.residuals()
        panel, left_out = fit_panel(cells, residual_N)
        calibration = calibrate(
            fit,
            facts.bounds,
            left_out,
            facts.kernel,
            facts.named,
            facts.scaffolds_C,
            binary=facts.binary,
            device=device,
        )
        return cls(facts, fit, panel, calibration)

    def packed(self) -> ModelFile:
        """What is published of it; compounds of the data are asked for what others are compared with."""
        kernel, named = self.facts.kernel, self.facts.named
        arrays, about = model_arrays(self.fit, self.panel, kernel, named, self.calibration)
        standing = standing_of(Predictor(arrays, about), kernel, named, self.fit.cells)
        return ModelFile(arrays | standing_arrays(standing), about)

    def fragment_weights_FT(self) -> scipy.sparse.csr_array:
        """What each fragment adds to the value of each target."""
        return fragment_weights(self.fit, self.facts.kernel)

    def foretells(self, cells: Cells) -> Foretold:
        """What the file says of cells."""
        return foretold_by_file(self.fit, self.panel, self.facts.kernel, self.facts.named, cells, self.calibration)
