"""Targets: what the rows of a block were measured on and as what, as the texts of their series."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.tables.block import Block
from trainer.tables.cells import stated
from trainer.tables.endpoints import endpoint_of
from trainer.tables.plan import FilePlan, Measure
from trainer.tables.series import SEPARATOR, Series

__all__ = ["Targets"]


@dataclass(frozen=True)
class Targets:
    """The targets of a block's rows."""

    named: npt.NDArray[np.bool_]
    """Rows that name a target, or whose table has one for all."""
    asked: npt.NDArray[np.bool_]
    """Rows of an endpoint that is read."""
    texts: pa.Array | None
    """The target of each row, by its id or else by its name; None where the measures name it."""
    organisms: pa.Array | None
    endpoints: pa.Array | None
    titles: pa.Array | None

    @classmethod
    def of(cls, plan: FilePlan, block: Block) -> Self:
        """The targets of a block."""
        size = len(block.rows)
        texts, titles = _texts(block, plan.target), _texts(block, plan.title)
        if texts is not None and titles is not None:
            texts = pc.if_else(pc.equal(texts, ""), titles, texts)
        named = np.ones(size, np.bool_) if texts is None else np.asarray(pc.not_equal(texts, ""))
        endpoints = _endpoints(block, plan.endpoint)
        asked = np.ones(size, np.bool_)
        if plan.endpoints and endpoints is not None:
            asked = np.asarray(pc.is_in(endpoints, pa.array(plan.endpoints, pa.string())))
        return cls(named, asked, texts, _texts(block, plan.organism), endpoints, titles)

    def endpoint_at(self, place: int) -> str | None:
        """The endpoint of a row."""
        return None if self.endpoints is None else str(self.endpoints[int(place)].as_py())

    def series(self, measure: Measure, places: npt.NDArray[np.int64]) -> pa.Array:
        """The text of the series of each place, for the numbers of a measure."""
        if self.texts is None and self.endpoints is None and self.organisms is None:
            text = Series(str(measure.target), endpoint=measure.endpoint or "", unit=measure.read_as).text
            return pa.array(np.full(len(places), text, object) if len(places) else [], pa.string())
        at = pa.array(places)
        texts = self.texts.take(at) if self.texts is not None else pa.array([str(measure.target)] * len(places), pa.string())
        bare = measure.endpoint is None and not measure.read_as
        if self.endpoints is None and self.organisms is None and self.titles is None and bare:
            return texts
        empty = pa.scalar("", pa.string())
        parts = [
            texts,
            empty if self.organisms is None else self.organisms.take(at),
            pa.scalar(measure.endpoint or "", pa.string()) if self.endpoints is None else self.endpoints.take(at),
            empty if self.titles is None else self.titles.take(at),
            pa.scalar(measure.read_as, pa.string()),
        ]
        return pc.utf8_rtrim(pc.binary_join_element_wise(*parts, SEPARATOR), SEPARATOR)


def _texts(block: Block, name: str | None) -> pa.Array | None:
    if name is None:
        return None
    column = block.columns[name]
    trimmed = pc.replace_substring(pc.utf8_trim_whitespace(pc.fill_null(column, "")), SEPARATOR, " ")
    return pc.if_else(pa.array(stated(column)), trimmed, "")


def _endpoints(block: Block, name: str | None) -> pa.Array | None:
    texts = _texts(block, name)
    if texts is None:
        return None
    encoded = texts.dictionary_encode()
    spelled = pa.array([endpoint_of(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return spelled.take(encoded.indices)
