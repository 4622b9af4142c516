"""What a job needs: memory on its device and seconds, as declared, or estimated from what it is to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trainer.data.sources import DataNotFound, locate
from trainer.dialogue import corpora
from trainer.runs.spec import MINUTES, BotSize, BotSpec, FactorsSpec, RunSpec
from trainer.settings import Settings

__all__ = ["NOTHING", "Needs", "estimate", "unpacked_bytes"]

_MIB: Final = 2**20
_PACKED: Final = {".gz": 6, ".zst": 7, ".bz2": 7, ".xz": 8, ".zip": 6, ".parquet": 4}
"""How much larger a table is when it is unpacked, about."""
_FACTORS_BYTES: Final = 1300 * _MIB
"""Python with PyTorch, and the JVM with as little as it takes."""
_FACTORS_BYTES_A_BYTE: Final = 10
"""Rows with their fragments and cells in the JVM and in Python, a byte of the table."""
_FACTORS_BYTES_A_BYTE_AND_RANK: Final = 0.1
_FACTORS_S: Final = 12.0
_FACTORS_S_A_MIB: Final = 15.0
_FACTORS_S_A_MIB_AND_RANK: Final = 0.3
_BOT_BYTES: Final = {BotSize.SMALL: 1400 * _MIB, BotSize.LARGE: 2000 * _MIB}
_BOT_BYTES_A_BYTE: Final = 12
_BOT_S: Final = 40.0
"""Reading, measuring and exporting."""
_BOT_S_A_STEP: Final = {BotSize.SMALL: 0.3, BotSize.LARGE: 0.8}


@dataclass(frozen=True)
class Needs:
    """What a job is taken to need, before it has run."""

    memory_bytes: int
    """On the device that it computes on: the processor's memory, or the GPU's."""
    seconds: float
    declared: bool = False
    """Whether its caller said how much memory; only a guess from the size of its data otherwise."""

    def or_declared(self, memory_bytes: int | None, seconds: float | None) -> "Needs":
        """The same with what a caller declared."""
        if memory_bytes is None and seconds is None:
            return self
        return Needs(
            self.memory_bytes if memory_bytes is None else memory_bytes,
            self.seconds if seconds is None else seconds,
            declared=memory_bytes is not None,
        )


NOTHING: Final = Needs(0, 0.0)
"""Of a job of which nothing is known."""


def unpacked_bytes(spec: RunSpec, settings: Settings) -> int:
    """How large the files are from which a job learns, about; databases, and what is not there, count nothing."""
    sources = spec.sources + spec.later if isinstance(spec, FactorsSpec) else corpora.named_sources(spec)
    try:
        return sum(_unpacked(file) for path in locate(sources, settings) for file in _files(path))
    except (DataNotFound, OSError):
        return 0


def _files(path: Path) -> Iterable[Path]:
    return (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else (path,)


def _unpacked(file: Path) -> int:
    return file.stat().st_size * _PACKED.get(file.suffix.lower(), 1)


def estimate(spec: RunSpec, size_bytes: int) -> Needs:
    """What a job with data of `size_bytes`, unpacked, will need on two cores; right to a factor of two or three."""
    mib = size_bytes / _MIB
    match spec:
        case FactorsSpec():
            rank = spec.rank or 32
            memory_bytes = _FACTORS_BYTES + size_bytes * (_FACTORS_BYTES_A_BYTE + _FACTORS_BYTES_A_BYTE_AND_RANK * rank)
            return Needs(round(memory_bytes), _FACTORS_S + mib * (_FACTORS_S_A_MIB + _FACTORS_S_A_MIB_AND_RANK * rank))
        case BotSpec():
            learning_s = 60 * (spec.minutes or MINUTES)
            if spec.iterations is not None:
                learning_s = spec.iterations * _BOT_S_A_STEP[spec.size]
            return Needs(_BOT_BYTES[spec.size] + size_bytes * _BOT_BYTES_A_BYTE, _BOT_S + learning_s)
