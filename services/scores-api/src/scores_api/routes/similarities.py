"""Similarities among named fragments."""

import asyncio
from typing import Final

from fastapi import Request

from contracts.kinds import SimilarityKind
from published.changes import CURRENT
from scores_api.models.similarities import Similarities, SimilarityQuestion
from scores_api.open_runs import OpenRun
from scores_api.routes.choice import RunName, live_store
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router

__all__ = ["router"]

router = published_router("similarities")
_LIMIT_BYTES: Final = 2 * 2**20
"""500 names of 4 kB."""
_FEW: Final = 60
"""More are compared in a thread, so that other requests do not wait for it."""


@router.post(
    "/v1/similarities",
    summary="Similarity of every two of up to 500 fragments",
    responses=answers(404, 410, 413, 422, 503),
    max_body_size=_LIMIT_BYTES,
)
async def ask_similarities(request: Request, question: SimilarityQuestion, run: RunName = CURRENT) -> Similarities:
    """A part of the whole matrix, shown fragments or not; the order of the names is kept."""
    view = await live_store(request).run(run)
    ids = view.published.fragments.find_all(question.fragments)
    if len(ids) <= _FEW and question.similarity is SimilarityKind.BALANCED:
        return _compared(question, view, ids)
    return await asyncio.to_thread(_compared, question, view, ids)


def _compared(question: SimilarityQuestion, view: OpenRun, ids: list[int]) -> Similarities:
    similarity = view.published.similarity(question.similarity, ids)
    percent_NN, bounds = similarity.among(ids), similarity.bounds_among(ids)
    low, high = (None, None) if bounds is None else (bound_NN.tolist() for bound_NN in bounds)
    return Similarities(
        run=view.run, similarity=question.similarity, names=question.fragments, percents=percent_NN.tolist(), low=low, high=high
    )
