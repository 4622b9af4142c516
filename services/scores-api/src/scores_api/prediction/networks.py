"""Networks of runs, opened when they are first asked, the last asked ones kept open."""

import asyncio
from typing import Final

from cachetools import LRUCache

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
    """Network by run; files are compared with their manifest before they are opened, each once at a time."""

    def __init__(self, files: ArtifactFiles) -> None:
        self._files = files
        self._open: LRUCache[str, Network] = LRUCache(_KEPT)
        self._opening: dict[str, asyncio.Task[Network]] = {}

    async def of(self, projection: Projection, catalogue: Catalogue) -> Network:
        """The network of a run; one that is open does not wait for another's opening.

        Raises:
            NothingPredicts: the run published none.
            ArtifactDamaged: its file is not what the manifest states, or no prediction graph.
        """
        run = projection.run
        if (network := self._open.get(run)) is not None:
            return network
        opening = self._opening.get(run)
        if opening is None:
            opening = self._opening[run] = asyncio.create_task(self._opened(projection, catalogue))
            opening.add_done_callback(lambda _: self._opening.pop(run, None))
        return await asyncio.shield(opening)  # a request that goes away does not stop it for the others

    async def _opened(self, projection: Projection, catalogue: Catalogue) -> Network:
        try:
            path, _, _ = await self._files.verified(catalogue.manifest(ARTIFACT, projection.run), FILE)
        except ArtifactUnknown:
            raise NothingPredicts(projection.run) from None
        counts = {side.value: len(projection.factors[side].names) for side in FactorSide}
        try:
            network = await asyncio.to_thread(Network.open, path, **counts)
        except InvalidNetwork as error:
            raise ArtifactDamaged(str(error)) from error
        self._open[projection.run] = network
        return network
