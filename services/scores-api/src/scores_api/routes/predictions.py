"""Predictions of compounds."""

from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from published.changes import CURRENT
from scores_api.metrics import StoreMetrics
from scores_api.models.predictions import PredictionQuestion, Predictions
from scores_api.prediction.predictor import CompoundPredictor
from scores_api.routes.choice import RunName, live_store
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router

__all__ = ["router"]

router = published_router("predictions")
_SD_FILE: Final = "chemical/x-mdl-sdfile"
_LIMIT_BYTES: Final = 8 * 2**20
"""10,000 compounds of 800 bytes."""


@router.post(
    "/v1/predictions",
    response_model=Predictions,
    summary="Activity of up to 10,000 compounds on targets",
    responses=answers(404, 410, 413, 422, 500, 503) | {200: {"content": {_SD_FILE: {"schema": {"type": "string"}}}}},
    max_body_size=_LIMIT_BYTES,
)
async def ask_predictions(request: Request, question: PredictionQuestion, run: RunName = CURRENT) -> Response:
    """Value, 90 % interval and where it comes from; compounds by SMILES or by the names of their fragments.

    Runs of values, and of actives and inactives, predict by the fragments of a compound and by the measured compounds it is
    most like, which are named with their values; a compound of the data is recognised, and what was measured of it stands
    beside. Other runs look at fragments alone. What a run has never seen is flagged. With `Accept: chemical/x-mdl-sdfile` the
    molecules as an SD file, with what is predicted as properties.
    """
    view = await live_store(request).run(run)
    predictor: CompoundPredictor = request.app.state.predictor
    metrics: StoreMetrics = request.app.state.store_metrics
    metrics.predicted(len(question.compounds))
    if _SD_FILE in request.headers.get("accept", ""):
        return Response(await predictor.as_structures(question, view.published), media_type=_SD_FILE)
    return StreamingResponse(await predictor.answer(question, view.published), media_type="application/json")
