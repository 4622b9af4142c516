"""A run that predicts: a predictor's own graph, or a model of whole molecules, among the small tables of a store."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tests.support.gaussian import SMILES, Table, named, panel_of
from tests.support.store import Contents, five_fragments

from chemistry import fragment
from contracts.predictions import FILE, MODEL_FILE
from contracts.tables import TABLES
from prediction.model_file import write_arrays
from trainer.factorization.gaussian.fit import Gaussian
from trainer.factorization.gaussian.model import Calibration, Probit, Standing, model_arrays, standing_arrays
from trainer.factorization.onnx.prediction_graph import export_predictor
from trainer.factorization.predictor import Predictor

__all__ = ["PARENTS", "modelled", "predicting"]

PARENTS = tuple(fragment(smiles).parent for smiles in SMILES)
"""Of the compounds that a model learned from, which are called C0, C1, …"""


def predicting(
    predictor: Predictor,
    directory: Path,
    *,
    fragments: Sequence[str],
    targets: Sequence[str],
    environments: Sequence[Sequence[int]] | None = None,
) -> Contents:
    """Factors of these fragments and targets, and the graph; fragments have structures where their `environments` are given.

    Fragments are in 10, 11, … compounds; of the last one no SMILES is stated.
    """
    export_predictor(predictor, directory / FILE, fragments=list(fragments), targets=list(targets), run="r")
    contents = _contents(fragments, targets, FILE, (directory / FILE).read_bytes())
    return contents if environments is None else _with_structures(contents, environments)


def modelled(
    given: Table,
    fit: Gaussian,
    directory: Path,
    *,
    targets: Sequence[str],
    probit: Probit | None = None,
    standing: Standing | None = None,
) -> Contents:
    """The fragments of a table of molecules, and the model that a fit of it makes."""
    called = replace(named(given), targets=targets)
    arrays, about = model_arrays(fit, panel_of(fit), given.kernel, called, Calibration(probit=probit))
    compared = {} if standing is None else standing_arrays(standing)
    write_arrays(directory / MODEL_FILE, arrays | compared, about)
    return _contents(given.fragments, targets, MODEL_FILE, (directory / MODEL_FILE).read_bytes())


def _contents(fragments: Sequence[str], targets: Sequence[str], file: str, content: bytes) -> Contents:
    base = five_fragments()
    count = len(fragments)
    columns: dict[str, dict[str, Any]] = {
        "fragments": {
            "id": range(count),
            "name": fragments,
            "smiles": [*fragments[:-1], None],
            "support": [10 + place for place in range(count)],
            "scaffolds": [3] * count,
            "shown": [True] * count,
        },
        "targets": {
            "id": range(len(targets)),
            "name": targets,
            "cells": [5] * len(targets),
            "title": [None] * len(targets),
            "unit": [None] * len(targets),
        },
    }
    facts = {name: pa.table(rows, schema=TABLES[name].schema) for name, rows in columns.items()}
    generator = np.random.default_rng(0)
    sides = [generator.normal(size=(rows, 3)) for rows in (count, len(targets))]
    return replace(
        base,
        data=sha256("\n".join([*fragments, *targets]).encode()).hexdigest()[:16],
        facts={**base.facts, **facts},
        canonical_FK=sides[0],
        balanced_FK=sides[0],
        canonical_TK=sides[1],
        balanced_TK=sides[1],
        files={file: content},
    )


def _with_structures(contents: Contents, environments: Sequence[Sequence[int]]) -> Contents:
    rows: dict[str, list[dict[str, Any]]] = {
        "likeness": [
            {"fragment": place, "environments": one, "targets": [], "coassay": []} for place, one in enumerate(environments)
        ],
    }
    sets = [set(one) for one in environments]
    structure_FF = np.array([[100 * len(one & other) / len(one | other) for other in sets] for one in sets])
    likeness = {name: pa.Table.from_pylist(listed, schema=TABLES[name].schema) for name, listed in rows.items()}
    return replace(contents, likeness=likeness, structure_FF=structure_FF)
