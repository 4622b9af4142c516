"""The seed's object: names and the percent of every pair."""

from pydantic import ConfigDict

from scores_api.models.wire import Percent, Wire

__all__ = ["Scores"]


class Scores(Wire):
    """Similarity of all shown fragments, as `GET /cosine/score` has always answered it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"names": ["fA", "fB"], "scores": [[100.0, 42.04], [42.04, 100.0]]}]}
    )

    names: list[str]
    """Fragments in the order of their ids."""
    scores: list[list[Percent]]
    """`scores[i][j]` is the balanced similarity of `names[i]` and `names[j]`; exactly 100.0 on the diagonal."""
