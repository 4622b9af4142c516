"""TF-IDF: the retrieval baseline that a generated reply has to beat, and the source of hard distractors."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dialogue.bundle import Language
from trainer.dialogue.wording import units

__all__ = ["TfIdf", "nearest"]

_CHUNK = 64


class TfIdf:
    """Weights 1 + log tf times log(N / df) of words (English) or characters and their pairs (Japanese), learned from texts."""

    def __init__(self, texts: Sequence[str], language: Language) -> None:
        self._language = language
        seen = Counter(term for text in texts for term in set(self._terms(text)))
        self._places = {term: place for place, term in enumerate(seen)}
        counts = np.fromiter(seen.values(), np.float64, len(seen))
        self._weights = np.log((1 + len(texts)) / (1 + counts)) + 1

    def vectors(self, texts: Sequence[str]) -> sparse.csr_array:
        """One row of length 1 a text; a text without a known term is a zero row."""
        rows: list[int] = []
        places: list[int] = []
        values: list[float] = []
        for row, text in enumerate(texts):
            known = Counter(self._places[term] for term in self._terms(text) if term in self._places)
            rows.extend([row] * len(known))
            places.extend(known)
            values.extend(known.values())
        weights = (1 + np.log(np.array(values, np.float64))) * self._weights[places] if values else np.zeros(0)
        matrix = sparse.csr_array((weights, (rows, places)), shape=(len(texts), len(self._places)))
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return sparse.csr_array(sparse.diags_array(1 / np.maximum(lengths, 1e-12)) @ matrix)

    def _terms(self, text: str) -> list[str]:
        found = units(text.casefold(), self._language)
        if self._language is Language.ENGLISH:
            return found
        return found + ["".join(pair) for pair in pairwise(found)]


def nearest(queries: sparse.csr_array, rows: sparse.csr_array, count: int) -> NDArray[np.int64]:
    """[Q, count]: the rows most like each query, the likest first; of equal ones the first in order."""
    found = np.zeros((queries.shape[0], count), np.int64)
    for begin in range(0, queries.shape[0], _CHUNK):
        alike = (queries[begin : begin + _CHUNK] @ rows.T).toarray()
        found[begin : begin + _CHUNK] = np.argsort(-alike, axis=1, kind="stable")[:, :count]
    return found
