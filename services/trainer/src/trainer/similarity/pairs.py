"""Likeness: how alike fragments are beside their function, as columns of pairs and as what readers compare others by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse

from contracts.tables import TABLES
from similarity.lists import Lists, coassay, of_pairs
from trainer.data.activity import Activity
from trainer.similarity.coassay import coassay_rows_FT
from trainer.similarity.environments import environment_sets, tanimoto

__all__ = ["Likeness"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of the fragments of one run."""

    smiles: Sequence[str | None]
    coassay_FT: scipy.sparse.csr_array
    """Unit rows: their inner products say on how far the same targets fragments were measured."""

    @classmethod
    def of(cls, activity: Activity) -> Self:
        """From the facts."""
        coassay_FT = coassay_rows_FT(scipy.sparse.csr_array(activity.membership_FC().T), activity.values_CT())
        return cls(smiles=activity.fragments["smiles"].to_pylist(), coassay_FT=coassay_FT)

    def beside(self, neighbours: pa.Table) -> pa.Table:
        """The table `neighbours` with the columns `coassay` and `structure`: percents of its pairs, null where nobody knows."""
        first_N, second_N = neighbours["fragment"].to_numpy(), neighbours["other"].to_numpy()
        found: dict[str, npt.NDArray[np.floating]] = {"coassay": self._coassay(first_N, second_N)}
        if any(self.smiles):
            found["structure"] = tanimoto(self.smiles, first_N, second_N)
        for name, percents_N in found.items():
            column = pa.array(percents_N.astype(np.float32), from_pandas=True)
            neighbours = neighbours.set_column(neighbours.schema.get_field_index(name), neighbours.schema.field(name), column)
        return neighbours

    def _coassay(self, first_N: Ids, second_N: Ids) -> Floats:
        rows = self.coassay_FT.tocsr()
        numbers, offsets = rows.indices.astype(np.int32), rows.indptr.astype(np.int64)
        return of_pairs(coassay, Lists(numbers, offsets, rows.data.astype(np.float32)), first_N, second_N)

    def tables(self) -> dict[str, pa.Table]:
        """The table `likeness` of `contracts.tables`."""
        rows = self.coassay_FT.tocsr()
        rows.sort_indices()
        offsets = rows.indptr.astype(np.int32)
        likeness = {
            "fragment": np.arange(rows.shape[0], dtype=np.int32),
            "environments": pa.array(environment_sets(self.smiles), pa.list_(pa.int32())),
            "targets": pa.ListArray.from_arrays(offsets, rows.indices.astype(np.int32)),
            "coassay": pa.ListArray.from_arrays(offsets, rows.data.astype(np.float32)),
        }
        return {"likeness": pa.table(likeness, schema=TABLES["likeness"].schema)}
