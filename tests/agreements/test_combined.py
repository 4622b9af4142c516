"""The combined similarity that the trainer publishes of its neighbours is what the API computes of any pair."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from chemistry import fragment
from contracts.kinds import ActivityKind, SimilarityKind
from contracts.tables import TABLES
from scores_api.similarities.combined import Combined
from scores_api.similarities.kinds import kinds_of
from trainer.data.activity import Activity
from trainer.similarity.cosines import directions_FK
from trainer.similarity.pairs import Likeness
from trainer.store.form.likeness import likeness_arrays

ACIDS = ["c1ccccc1", "c1ccncc1", "c1ccsc1", "c1ccc(F)cc1", "c1ccc(Cl)cc1", "c1ccc2ccccc2c1", "c1cnccn1", "c1ccoc1", "C1CC1"]
AMINES = ["N1CCCCC1", "N1CCOCC1", "N1CCN(C)CC1", "N1CCCC1", "N1CCSCC1", "N1CCCCCC1", "NC1CCCCC1", "NC1CC1", "NCC(F)(F)F"]
TARGETS = 4


def made(generator: np.random.Generator, kind: ActivityKind) -> tuple[Activity, np.ndarray]:
    """Amides of every acid with every amine, measured on all targets, and directions of what their fragments do there."""
    cut = [fragment(f"O=C({acid}){amine}") for acid in ACIDS for amine in AMINES]
    names = sorted({name for molecule in cut for name in molecule.fragments})
    member = [
        (names.index(name), compound) for compound, molecule in enumerate(cut) for name in sorted(set(molecule.fragments))
    ]
    cells = [(compound, target) for compound in range(len(cut)) for target in range(TARGETS)]
    effects_FT = generator.standard_normal((len(names), TARGETS))
    activity_CT = np.zeros((len(cut), TARGETS))
    for at, compound in member:
        activity_CT[compound] += effects_FT[at]
    columns: dict[str, dict[str, Any]] = {
        "fragments": {
            "id": range(len(names)),
            "name": names,
            "smiles": names,
            "support": [sum(one == at for one, _ in member) for at in range(len(names))],
            "scaffolds": [1] * len(names),
            "shown": [True] * len(names),
        },
        "compounds": {
            "id": range(len(cut)),
            "name": [molecule.parent for molecule in cut],
            "smiles": [molecule.parent for molecule in cut],
            "scaffold": [molecule.scaffold for molecule in cut],
            "rows": [1] * len(cut),
        },
        "targets": {
            "id": range(TARGETS),
            "name": [f"T{n}" for n in range(TARGETS)],
            "cells": [len(cut)] * TARGETS,
            "title": [None] * TARGETS,
        },
        "membership": {"fragment": [f for f, _ in member], "compound": [c for _, c in member], "count": [1] * len(member)},
        "activity": {
            "compound": [c for c, _ in cells],
            "target": [t for _, t in cells],
            "value": [float(activity_CT[cell]) for cell in cells],
            "relation": [None] * len(cells),
        },
        "rejects": {name: [] for name in TABLES["rejects"].schema.names},
    }
    tables = {
        name: pa.table(
            {field.name: given.get(field.name, [1] * len(cells)) for field in TABLES[name].schema}, TABLES[name].schema
        )
        for name, given in columns.items()
    }
    cells_table = tables.pop("activity")
    activity = Activity(digest="d", source="made", kind=kind, ingest={}, cells=cells_table, **tables)
    return activity, directions_FK(np.column_stack([np.full(len(names), 2.0), effects_FT]))


def served(tables: dict[str, pa.Table], rows_FD: np.ndarray) -> Combined:
    """As the API reads what the trainer publishes; directions need not be rounded for it."""
    arrays = likeness_arrays(tables["likeness"], tables["ranks"])
    nothing = {"fragments.vector": rows_FD, "fragments.balanced": rows_FD}
    combined = kinds_of(arrays | nothing)[SimilarityKind.COMBINED]
    assert isinstance(combined, Combined)
    return combined


@pytest.mark.parametrize("kind", [ActivityKind.REAL, ActivityKind.BINARY])
def test_trainer_and_api_tell_the_same_combined_percent_of_every_pair(kind: ActivityKind) -> None:
    activity, rows_FD = made(np.random.default_rng(0), kind)
    count = len(activity.fragments)
    likeness = Likeness.of(activity, rows_FD)
    # Swaps of real values teach; outcomes of two kinds leave the mean of ranks.
    assert (likeness.exchanges is not None) == (kind is ActivityKind.REAL)
    api = served(likeness.tables(), rows_FD)
    first, second = (index.ravel().astype(np.int32) for index in np.indices((count, count)))
    told_FF = likeness.pairs["combined"](first, second).reshape(count, count)
    heard_FF = np.stack([api.with_all(place) for place in range(count)])
    np.testing.assert_allclose(heard_FF, told_FF, atol=1e-3)
    np.testing.assert_array_equal(np.diag(told_FF), 100.0)
    np.testing.assert_allclose(told_FF, told_FF.T, atol=1e-6)
    ids = [4, 0, 7]
    matrix = api.among(ids)
    np.testing.assert_allclose(matrix, told_FF[np.ix_(ids, ids)], atol=0.05)  # of functions in two decimals
