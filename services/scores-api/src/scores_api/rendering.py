"""Rendering: from columns and arrays to the JSON that the models of the API describe.

A hundred neighbours as pydantic objects take ten times as long to write as their bytes, so each answer is put together from
plain columns and written by `orjson`, which writes NaN as null. A test compares every answer with its declared model.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from contracts.kinds import RunKind, SimilarityKind
from contracts.manifest import Manifest
from replacement.evidence import basis
from scores_api.catalogue import Catalogue
from scores_api.fragments import Fragments
from scores_api.models.artifacts import Artifact
from scores_api.models.factors import FactorSide
from scores_api.published_run import Factors, PublishedRun

__all__ = ["artifact_item", "factor_page", "fragment_detail", "fragment_page", "neighbour_list"]


def fragment_page(fragments: Fragments, ids: Sequence[int], following: str | None) -> bytes:
    """`FragmentPage`: these fragments, and the cursor of the next page."""
    items = [_fragment(fragments, id_) for id_ in ids]
    return orjson.dumps({"run": fragments.run, "items": items, "next": following})


def fragment_detail(run: PublishedRun, id_: int) -> bytes:
    """`FragmentDetail`: a fragment by itself."""
    vectors = _vectors(run.factors[FactorSide.FRAGMENTS], id_)
    return orjson.dumps({**_fragment(run.fragments, id_), "run": run.run, **vectors})


def factor_page(run: PublishedRun, side: FactorSide, ids: Sequence[int], following: str | None) -> bytes:
    """`FactorPage`: the vectors of these fragments or targets."""
    factors, units = run.factors[side], run.units if side is FactorSide.TARGETS else None
    items = [
        {"id": id_, "name": factors.names[id_], "unit": None if units is None else units[id_], **_vectors(factors, id_)}
        for id_ in ids
    ]
    return orjson.dumps({"run": run.run, "side": side.value, "items": items, "next": following})


def reject_page(run: str, lines: Sequence[bytes], total: int, following: str | None) -> bytes:
    """`RejectPage`: these of the `total` rejects, as they were written."""
    items = [orjson.Fragment(line) for line in lines]
    return orjson.dumps({"run": run, "total": total, "items": items, "next": following})


def neighbour_list(run: PublishedRun, id_: int, similarity: SimilarityKind, rows: npt.NDArray[np.void]) -> bytes:
    """`Neighbours` of a fragment: rows of dtype `NEIGHBOUR`, the nearest first; numbers rounded to two decimals."""
    columns = {name: rows[name].astype(np.float64) for name in rows.dtype.names or () if name != "other"}
    decimals = dict.fromkeys(columns, 2) | dict.fromkeys(("change", "change_low", "change_high"), 4)
    stated = {name: (values_N.round(decimals[name]) + 0.0).tolist() for name, values_N in columns.items()}
    names, smiles, support = run.fragments.names, run.fragments.smiles, run.fragments.support
    items = []
    for place, other in enumerate(rows["other"].tolist()):
        swaps = None if math.isnan(stated["swaps"][place]) else int(stated["swaps"][place])
        items.append(
            {
                "rank": place + 1,
                "name": names[other],
                "smiles": smiles[other],
                "support": support[other],
                "function": stated["function"][place],
                "low": stated["low"][place],
                "high": stated["high"][place],
                "expected_change": stated["change"][place],
                "change_low": stated["change_low"][place],
                "change_high": stated["change_high"][place],
                "swaps": swaps,
                "basis": None if swaps is None else basis(swaps).value,
                "balanced": stated["balanced"][place],
                "structure": stated["structure"][place],
                "coassay": stated["coassay"][place],
            }
        )
    answer = {
        "run": run.run,
        "fragment": names[id_],
        "similarity": similarity.value,
        "change_unit": None if run.replacements is None else run.replacements.reading.unit.value,
        "items": items,
    }
    return orjson.dumps(answer)


def artifact_item(catalogue: Catalogue, manifest: Manifest) -> Artifact:
    """An artifact version in a list."""
    return Artifact(
        artifact=manifest.artifact,
        version=manifest.version,
        run=manifest.run,
        kind=RunKind(manifest.kind),
        created=manifest.created,
        current=catalogue.is_latest(manifest),
    )


def _fragment(fragments: Fragments, id_: int) -> dict[str, Any]:
    return {
        "id": id_,
        "name": fragments.names[id_],
        "smiles": fragments.smiles[id_],
        "support": fragments.support[id_],
        "scaffolds": fragments.scaffolds[id_],
        "shown": fragments.shown[id_],
        "heavy_atoms": fragments.heavy_atoms[id_],
        "rings": fragments.rings[id_],
        "charge": fragments.charge[id_],
        "logp": fragments.logp[id_],
    }


def _vectors(factors: Factors, id_: int) -> dict[str, list[float]]:
    return {"vector": factors.vector_NK[id_].tolist(), "balanced": factors.balanced_NK[id_].tolist()}
