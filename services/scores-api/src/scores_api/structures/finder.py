"""The finder: which fragments contain a structure or are spelled like it, asked of the worker."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from scores_api.failures import RefusedSmiles, StructureUnreadable
from scores_api.fragments import Fragments
from scores_api.worker_process import WorkerProcess

__all__ = ["Finder"]

_TIMEOUT_S: Final = 120.0
"""Reading 100,000 fragments takes ten seconds, once."""
_KEPT_ANSWERS: Final = 64


class Finder:
    """Remembers what was asked last."""

    def __init__(self) -> None:
        self._worker = WorkerProcess("scores_api.structures.searcher", timeout_s=_TIMEOUT_S)
        self._found: LRUCache[tuple[str, str], npt.NDArray[np.int64]] = LRUCache(_KEPT_ANSWERS)
        self._names: LRUCache[str, tuple[str, ...]] = LRUCache(_KEPT_ANSWERS)

    async def containing(self, fragments: Fragments, structure: str) -> npt.NDArray[np.int64]:
        """Ids, ascending, of the fragments that contain a SMILES or SMARTS.

        Raises:
            StructureUnreadable: the text is neither.
            MoleculesFailed: the worker died or did not answer. So do the other methods.
        """
        key = (fragments.run, structure)
        if key not in self._found:
            answer = await self._ask(fragments, structure)
            if "reason" in answer:
                raise StructureUnreadable(RefusedSmiles(**answer))
            self._found[key] = np.array(answer["ids"], dtype=np.int64)
        return self._found[key]

    async def spelled(self, fragments: Fragments, smiles: str) -> npt.NDArray[np.int64]:
        """Ids, ascending, of the fragments that a SMILES in any spelling means, as `chemistry.spelling` reads it.

        Raises:
            StructureUnreadable: the text is no SMILES of a possible molecule.
        """
        if smiles not in self._names:
            answer = await self._worker.ask({"spelled": smiles})
            if "reason" in answer:
                raise StructureUnreadable(RefusedSmiles(**answer))
            self._names[smiles] = tuple(answer["names"])
        return np.array(fragments.with_structures(self._names[smiles]), dtype=np.int64)

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()

    async def _ask(self, fragments: Fragments, structure: str) -> dict[str, Any]:
        question = {"run": fragments.run, "smiles": None, "structure": structure}
        answer: dict[str, Any] = await self._worker.ask(question)
        if "missing" in answer:
            answer = await self._worker.ask(question | {"smiles": list(fragments.smiles)})
        return answer
