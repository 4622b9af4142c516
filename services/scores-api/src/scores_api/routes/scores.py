"""`GET /cosine/score`, as the seed's clients know it."""

from fastapi import Request, Response

from published import form
from published.changes import CURRENT
from scores_api.models.scores import Scores
from scores_api.routes.choice import RunName, chosen_run
from scores_api.routes.errors import answers
from scores_api.routes.published import published_body, published_router

__all__ = ["router"]

router = published_router("scores")


@router.get(
    "/cosine/score", response_model=Scores, summary="Similarity of all shown fragments", responses=answers(404, 410, 422, 503)
)
async def get_scores(request: Request, run: RunName = CURRENT) -> Response:
    """Balanced similarity of every two shown fragments in percent, in the order of their ids.

    Over 2,000 shown fragments the matrix is not published whole: the answer is the problem `matrix-too-large`, which names the
    routes that answer for parts of it.
    """
    view = await chosen_run(request, run)
    view.published.require_matrix()
    return await published_body(request, view.published, form.SCORES, view.tag)
