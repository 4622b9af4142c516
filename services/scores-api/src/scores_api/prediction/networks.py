"""What runs predict with, a model or a network, opened when it is first asked, the last asked ones kept open."""

import asyncio
from typing import Final

from cachetools import LRUCache

from contracts.predictions import FILE, MODEL_FILE
from scores_api.failures import ArtifactDamaged, NothingPredicts
from scores_api.models.factors import FactorSide
from scores_api.prediction.molecule_model import InvalidModel, MoleculeModel
from scores_api.prediction.network import InvalidNetwork, Network
from scores_api.published_run import PublishedRun

__all__ = ["Networks", "Predicting"]

Predicting = MoleculeModel | Network
_KEPT: Final = 2


class Networks:
    """Model or network by run, each opened once at a time from bytes that were compared with their checksum."""

    def __init__(self) -> None:
        self._open: LRUCache[str, tuple[PublishedRun, Predicting]] = LRUCache(_KEPT)
        self._opening: dict[str, asyncio.Task[Predicting]] = {}

    async def of(self, run: PublishedRun) -> Predicting:
        """The model of a run where it published one, else its network; one that is open does not wait for another's opening.

        Raises:
            NothingPredicts: the run published none.
            FileDamaged: its file is not as it was written.
            ArtifactDamaged: its file is neither a model of the run nor a prediction graph.
        """
        known, predicting = self._open.get(run.run, (None, None))
        if known is run and predicting is not None:
            return predicting
        opening = self._opening.get(run.run)
        if opening is None:
            opening = self._opening[run.run] = asyncio.create_task(self._opened(run))
            opening.add_done_callback(lambda _: self._opening.pop(run.run, None))
        return await asyncio.shield(opening)  # a request that goes away does not stop it for the others

    async def _opened(self, run: PublishedRun) -> Predicting:
        predicting = await asyncio.to_thread(_read, run)
        self._open[run.run] = (run, predicting)
        return predicting


def _read(run: PublishedRun) -> Predicting:
    counts = {side.value: len(run.factors[side].names) for side in FactorSide}
    try:
        if MODEL_FILE in run.files:
            return MoleculeModel.read(run.files[MODEL_FILE].whole(), **counts)
        if FILE in run.files:
            return Network.read(run.files[FILE].whole(), **counts)
    except (InvalidModel, InvalidNetwork) as error:
        raise ArtifactDamaged(str(error)) from error
    raise NothingPredicts(run.run)
