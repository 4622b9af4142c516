"""`GET /cosine/score`, as the seed's clients know it."""

from fastapi import APIRouter, Response

from scores_api.models.scores import Scores
from scores_api.routes.bodies import published
from scores_api.routes.choice import ChosenRun
from scores_api.routes.conditional import ConditionalRoute
from scores_api.routes.errors import answers

__all__ = ["router"]

router = APIRouter(route_class=ConditionalRoute, tags=["scores"])


@router.get(
    "/cosine/score", response_model=Scores, summary="Similarity of all shown fragments", responses=answers(404, 422, 503)
)
async def get_scores(view: ChosenRun) -> Response:
    """Balanced similarity of every two shown fragments in percent, in the order of their ids.

    Over 2,000 shown fragments the matrix is not published whole: the answer is the problem `matrix-too-large`, which names the
    routes that answer for parts of it.
    """
    return published(view.projection.scores(), view.tag)
