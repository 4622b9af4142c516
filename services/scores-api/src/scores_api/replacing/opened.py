"""What runs state of replacements, opened when it is first asked, the last asked ones kept open."""

import asyncio
from typing import Final

from cachetools import LRUCache

from prediction.model_file import InvalidModelFile
from replacement.replacements import FILE, Replacements
from scores_api.failures import ArtifactDamaged, ReplacementsUnavailable
from scores_api.published_run import PublishedRun

__all__ = ["OpenedReplacements"]

_KEPT: Final = 2


class OpenedReplacements:
    """Replacements by run, each opened from bytes that were compared with their checksum."""

    def __init__(self) -> None:
        self._open: LRUCache[str, tuple[PublishedRun, Replacements]] = LRUCache(_KEPT)

    async def of(self, run: PublishedRun) -> Replacements:
        """Those of a run.

        Raises:
            ReplacementsUnavailable: the run published none.
            FileDamaged: its file is not as it was written.
            ArtifactDamaged: its file states none.
        """
        known, replacements = self._open.get(run.run, (None, None))
        if known is run and replacements is not None:
            return replacements
        replacements = await asyncio.to_thread(_read, run)
        self._open[run.run] = (run, replacements)
        return replacements


def _read(run: PublishedRun) -> Replacements:
    if FILE not in run.files:
        raise ReplacementsUnavailable(run.run, "no compounds were measured that differ by one fragment alone")
    try:
        return Replacements.read(run.files[FILE].whole(), FILE)
    except (InvalidModelFile, ValueError) as error:
        raise ArtifactDamaged(f"{FILE} states no replacements: {error}") from error
