"""Rendering: from columns and arrays to the JSON that the models of the API describe.

A hundred neighbours as pydantic objects take ten times as long to write as their bytes, so each answer is put together from
plain columns and written by `orjson`, which writes NaN as null. A test compares every answer with its declared model.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from contracts.kinds import RunKind, SimilarityKind
from contracts.manifest import Manifest
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


def factor_page(run: str, side: FactorSide, factors: Factors, ids: Sequence[int], following: str | None) -> bytes:
    """`FactorPage`: the vectors of these fragments or targets."""
    items = [{"id": id_, "name": factors.names[id_], **_vectors(factors, id_)} for id_ in ids]
    return orjson.dumps({"run": run, "side": side.value, "items": items, "next": following})


def reject_page(run: str, lines: Sequence[bytes], total: int, following: str | None) -> bytes:
    """`RejectPage`: these of the `total` rejects, as they were written."""
    items = [orjson.Fragment(line) for line in lines]
    return orjson.dumps({"run": run, "total": total, "items": items, "next": following})


def neighbour_list(fragments: Fragments, id_: int, similarity: SimilarityKind, rows: npt.NDArray[np.void]) -> bytes:
    """`Neighbours` of a fragment: rows of dtype `NEIGHBOUR`, the nearest first; numbers rounded to two decimals."""
    numbers_N8 = np.ascontiguousarray(rows).view(np.float32).reshape(len(rows), rows.dtype.itemsize // 4)  # there may be none
    percents_N7 = numbers_N8[:, 1:].astype(np.float64).round(2) + 0.0
    names, smiles, support = fragments.names, fragments.smiles, fragments.support
    items = [
        {
            "rank": rank,
            "name": names[other],
            "smiles": smiles[other],
            "support": support[other],
            "function": function,
            "low": low,
            "high": high,
            "balanced": balanced,
            "structure": structure,
            "coassay": coassay,
            "combined": combined,
        }
        for rank, (other, (function, low, high, balanced, structure, coassay, combined)) in enumerate(
            zip(rows["other"].tolist(), percents_N7.tolist(), strict=True), start=1
        )
    ]
    answer = {"run": fragments.run, "fragment": names[id_], "similarity": similarity.value, "items": items}
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
    }


def _vectors(factors: Factors, id_: int) -> dict[str, list[float]]:
    return {"vector": factors.vector_NK[id_].tolist(), "balanced": factors.balanced_NK[id_].tolist()}
