"""What the data states: fragments, the compounds that contain them, targets, and how the compounds act on the targets."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array, csr_array

from contracts.kinds import ActivityKind
from contracts.tables import TABLES

__all__ = ["Activity", "data_digest"]


@dataclass(frozen=True)
class Activity:
    """The facts of one data digest, as Arrow tables with the schemas of `contracts.tables`.

    Ids are dense from 0 and mean the same thing in all tables: the id of a fragment, compound or target is its row number.
    """

    digest: str
    """Names the facts: the same for the same bytes, options and fragmentation."""
    source: str
    """What the user named: `built-in` or a file name."""
    kind: ActivityKind
    fragments: pa.Table
    compounds: pa.Table
    targets: pa.Table
    membership: pa.Table
    """Fragment x compound, counts > 0."""
    cells: pa.Table
    """Compound x target, stated values alone; a missing cell was not measured. Stored with `bounds` as the table `activity`."""
    rejects: pa.Table
    """Input rows that were left out, each with its reason."""
    ingest: dict[str, int]
    """Counts of what was read, merged and rejected; `rows_read = rows_used + rows_rejected`."""
    bounds: pa.Table = field(default_factory=TABLES["activity"].schema.empty_table)
    """What is known to lie above or below a value: cells too, by which nothing is judged."""

    @property
    def tables(self) -> dict[str, pa.Table]:
        """The fact tables by their names in the store."""
        return {
            "fragments": self.fragments,
            "compounds": self.compounds,
            "targets": self.targets,
            "membership": self.membership,
            "activity": self._stated(),
            "rejects": self.rejects,
        }

    def _stated(self) -> pa.Table:
        """Values and bounds."""
        if not len(self.bounds):
            return self.cells
        return pa.concat_tables([self.cells, self.bounds]).sort_by([(name, "ascending") for name in TABLES["activity"].sort])

    @property
    def names(self) -> list[str]:
        """Fragment names in order of id."""
        names: list[str] = self.fragments["name"].to_pylist()
        return names

    def membership_FC(self) -> csr_array:
        """How often fragment f occurs in compound c, float64."""
        return _sparse(self.membership, "fragment", "compound", "count", (len(self.fragments), len(self.compounds)))

    def values_CT(self) -> csr_array:
        """Stated values, float64. Not measured and a stated 0 are both absent or 0 here: for sums alone."""
        return _sparse(self.cells, "compound", "target", "value", (len(self.compounds), len(self.targets)))

    def counts_FT(self) -> csr_array:
        """The seed's A B: the sum of stated values over the compounds that contain a fragment, float64."""
        return csr_array(self.membership_FC() @ self.values_CT())

    def __post_init__(self) -> None:
        for name, table in self.tables.items():
            if not table.schema.equals(TABLES[name].schema):
                raise TypeError(f"{name} has the schema {table.schema}, not the one contracts.tables declares.")


def data_digest(parts: Iterable[bytes]) -> str:
    """First 16 hexadecimal digits of a SHA-256 over `parts`, each told apart from its neighbours by its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:16]


def _sparse(table: pa.Table, row: str, column: str, value: str, shape: tuple[int, int]) -> csr_array:
    values = table[value].to_numpy().astype(np.float64)
    return csr_array(coo_array((values, (table[row].to_numpy(), table[column].to_numpy())), shape=shape))
