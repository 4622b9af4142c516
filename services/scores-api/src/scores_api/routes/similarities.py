"""Similarities among named fragments."""

from typing import Final

from scores_api.models.similarities import Similarities, SimilarityQuestion
from scores_api.routes.choice import ChosenRun
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router

__all__ = ["router"]

router = published_router("similarities")
_LIMIT_BYTES: Final = 2 * 2**20
"""500 names of 4 kB."""


@router.post(
    "/v1/similarities",
    summary="Similarity of every two of up to 500 fragments",
    responses=answers(404, 413, 422, 503),
    max_body_size=_LIMIT_BYTES,
)
async def ask_similarities(question: SimilarityQuestion, view: ChosenRun) -> Similarities:
    """A part of the whole matrix, shown fragments or not; the order of the names is kept."""
    ids = view.projection.fragments.find_all(question.fragments)
    percent_NN = view.projection.percents(ids, question.similarity)
    return Similarities(run=view.run, similarity=question.similarity, names=question.fragments, percents=percent_NN.tolist())
