"""Drawings: pictures of structures, drawn once by the worker and kept."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from cachetools import LRUCache

from scores_api.failures import RefusedSmiles, StructureUnreadable
from scores_api.worker_process import WorkerProcess

__all__ = ["Drawing", "Drawings"]

_KEPT_BYTES: Final = 2**25
_TIMEOUT_S: Final = 20.0
_STYLE: Final = 1
"""Raised whenever the same structure is drawn otherwise."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn."""

    smiles: str
    title: str
    highlights: tuple[str, ...] = ()
    weights: tuple[float, ...] | None = None
    """One for each highlight: positive ones raise, negative ones lower."""
    template: str | None = None
    """A structure after which this one is turned."""
    atoms: bool = False
    """Whether every atom has a place of its own, with its number."""

    @property
    def tag(self) -> str:
        """The ETag: the same question is drawn the same by the same software."""
        stated = json.dumps([_STYLE, version("rdkit"), vars(self)])
        return f'"{hashlib.blake2b(stated.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()}"'


class Drawings:
    """Draws structures; the last ones stay in memory, up to 32 MB."""

    def __init__(self) -> None:
        self._worker = WorkerProcess("scores_api.structures.draughtsman", timeout_s=_TIMEOUT_S)
        self._kept: LRUCache[Drawing, bytes] = LRUCache(_KEPT_BYTES, getsizeof=len)

    async def svg(self, drawing: Drawing) -> bytes:
        """The picture.

        Raises:
            StructureUnreadable: one of the texts is no structure.
            MoleculesFailed: the worker died or did not answer.
        """
        if (kept := self._kept.get(drawing)) is not None:
            return kept
        answer = await self._worker.ask(vars(drawing))
        if "reason" in answer:
            raise StructureUnreadable(RefusedSmiles(**answer))
        svg = answer["svg"].encode()
        if len(svg) <= _KEPT_BYTES:
            self._kept[drawing] = svg
        return svg  # type: ignore[no-any-return]  # of JSON

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()
