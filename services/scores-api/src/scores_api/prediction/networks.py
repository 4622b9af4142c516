"""Networks of runs, opened when they are first asked, the last asked ones kept open."""

import asyncio
from collections import OrderedDict
from typing import Final

from contracts.predictions import ARTIFACT, FILE
from scores_api.catalogue import Catalogue
from scores_api.failures import ArtifactDamaged, ArtifactUnknown, NothingPredicts
from scores_api.files import ArtifactFiles
from scores_api.models.factors import FactorSide
from scores_api.prediction.network import InvalidNetwork, Network
from scores_api.projection import Projection

__all__ = ["Networks"]

_KEPT: Final = 2


class Networks:
    """Network by run; files are compared with their manifest before they are opened."""

    def __init__(self, files: ArtifactFiles) -> None:
        self._files = files
        self._open: OrderedDict[str, Network] = OrderedDict()
        self._opening = asyncio.Lock()

    async def of(self, projection: Projection, catalogue: Catalogue) -> Network:
        """The network of a run.

        Raises:
            NothingPredicts: the run published none.
            ArtifactDamaged: its file is not what the manifest states, or no prediction graph.
        """
        async with self._opening:
            if projection.run not in self._open:
                self._open[projection.run] = await self._opened(projection, catalogue)
            self._open.move_to_end(projection.run)
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
            return self._open[projection.run]

    async def _opened(self, projection: Projection, catalogue: Catalogue) -> Network:
        try:
            path, _, _ = await self._files.verified(catalogue.manifest(ARTIFACT, projection.run), FILE)
        except ArtifactUnknown:
            raise NothingPredicts(projection.run) from None
        counts = {side.value: len(projection.factors[side].names) for side in FactorSide}
        try:
            return await asyncio.to_thread(Network.open, path, **counts)
        except InvalidNetwork as error:
            raise ArtifactDamaged(str(error)) from error
