"""What runs predict with, a model or a network, opened when it is first asked, the last asked ones kept open."""

import asyncio
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

from contracts.predictions import ARTIFACT, FILE, MODEL_FILE
from scores_api.catalogue import Catalogue
from scores_api.failures import ArtifactDamaged, ArtifactUnknown, NothingPredicts
from scores_api.files import ArtifactFiles
from scores_api.models.factors import FactorSide
from scores_api.prediction.molecule_model import InvalidModel, MoleculeModel
from scores_api.prediction.network import InvalidNetwork, Network
from scores_api.projection import Projection

__all__ = ["Networks", "Predicting"]

Predicting = MoleculeModel | Network
_KEPT: Final = 2


class Networks:
    """Model or network by run; files are compared with their manifest before they are opened, each once at a time."""

    def __init__(self, files: ArtifactFiles) -> None:
        self._files = files
        self._open: LRUCache[str, Predicting] = LRUCache(_KEPT)
        self._opening: dict[str, asyncio.Task[Predicting]] = {}

    async def of(self, projection: Projection, catalogue: Catalogue) -> Predicting:
        """The model of a run where it published one, else its network; one that is open does not wait for another's opening.

        Raises:
            NothingPredicts: the run published none.
            ArtifactDamaged: its file is not what the manifest states, or neither a model of the run nor a prediction graph.
        """
        run = projection.run
        if (predicting := self._open.get(run)) is not None:
            return predicting
        opening = self._opening.get(run)
        if opening is None:
            opening = self._opening[run] = asyncio.create_task(self._opened(projection, catalogue))
            opening.add_done_callback(lambda _: self._opening.pop(run, None))
        return await asyncio.shield(opening)  # a request that goes away does not stop it for the others

    async def _opened(self, projection: Projection, catalogue: Catalogue) -> Predicting:
        try:
            manifest = catalogue.manifest(ARTIFACT, projection.run)
            has_model = any(file.name == MODEL_FILE for file in manifest.files)
            path, _, _ = await self._files.verified(manifest, MODEL_FILE if has_model else FILE)
        except ArtifactUnknown:
            raise NothingPredicts(projection.run) from None
        open_: Callable[..., Predicting] = MoleculeModel.open if has_model else Network.open
        counts = {side.value: len(projection.factors[side].names) for side in FactorSide}
        try:
            predicting = await asyncio.to_thread(open_, path, **counts)
        except (InvalidModel, InvalidNetwork) as error:
            raise ArtifactDamaged(str(error)) from error
        self._open[projection.run] = predicting
        return predicting
