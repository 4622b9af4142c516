"""Weights: what a network has learned, in 8 bits and with its tokenizer, for another training to begin with.

A training that is continued exactly needs its checkpoint, sixteen times as large and bound to its corpora; these few megabytes
are published with every bot, and those of the shipped bots come with the trainer.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dialogue.bundle import Architecture, Language
from trainer.dialogue.failures import InvalidCheckpoint
from trainer.dialogue.quantisation import by_row

__all__ = ["WEIGHTS_FILE", "Weights", "read_weights", "shipped_licence", "shipped_weights", "write_weights"]

WEIGHTS_FILE: Final = "weights.npz"
_SHIPPED_LICENCES: Final[Mapping[Language, str]] = {Language.ENGLISH: "Apache-2.0", Language.JAPANESE: "CC-BY-SA-4.0"}
_FORMAT: Final = "ntdemo-weights-1"
_ABOUT: Final = "about"
_TOKENS: Final = "tokens"
_SCALE: Final = ".scale"
_MATRIX: Final = 2


@dataclass(frozen=True)
class Weights:
    """Of one network."""

    language: Language
    architecture: Architecture
    sizes: dict[str, int]
    tokens: bytes
    """The serialized SentencePiece model."""
    parameters: Mapping[str, NDArray[np.float32]]
    """By their name in the network."""


def write_weights(weights: Weights, file: Path) -> None:
    """Matrices in int8 with a scale a row, the rest in float32."""
    about = {
        "format": _FORMAT,
        "language": weights.language,
        "architecture": weights.architecture,
        "sizes": weights.sizes,
    }
    arrays: dict[str, NDArray[Any]] = {_ABOUT: _as_bytes(json.dumps(about).encode()), _TOKENS: _as_bytes(weights.tokens)}
    for name, values in weights.parameters.items():
        if values.ndim == _MATRIX:
            arrays[name], arrays[name + _SCALE] = by_row(values)
        else:
            arrays[name] = values
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, allow_pickle=False, **arrays)


def read_weights(file: Path) -> Weights:
    """What `write_weights` wrote, rounded to 8 bits.

    Raises:
        InvalidCheckpoint: the file is something else.
    """
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(arrays.pop(_ABOUT).tobytes())
        if about.pop("format") != _FORMAT:
            raise InvalidCheckpoint(f"{file.name} was written by another version of the trainer")
        tokens = arrays.pop(_TOKENS).tobytes()
        parameters = {name: _restored(name, arrays) for name in arrays if not name.endswith(_SCALE)}
        return Weights(
            language=Language(about["language"]),
            architecture=Architecture(about["architecture"]),
            sizes=about["sizes"],
            tokens=tokens,
            parameters=parameters,
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as broken:
        raise InvalidCheckpoint(f"{file.name} does not hold the weights of a chatbot: {broken}") from broken


def shipped_weights(language: Language) -> Path:
    """Those of the bot that ships in this language; the file need not be there."""
    return Path(__file__).with_name("shipped") / f"{language}.npz"


def shipped_licence(language: Language) -> str:
    """Of the shipped weights, as SPDX, and so of what begins with them."""
    return _SHIPPED_LICENCES[language]


def _as_bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


def _restored(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    values = arrays[name]
    restored: NDArray[np.float32] = values * arrays[name + _SCALE] if values.dtype == np.int8 else values
    return restored.astype(np.float32)
