"""A file of named arrays that is mapped, not read: the safetensors format, whose header is JSON.

The library writes it. It copies what it reads, so that the mapping is done here: a service that keeps several runs open then
pays for the pages it touches.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

__all__ = ["InvalidModelFile", "map_arrays", "write_arrays"]

_ABOUT: Final = "__metadata__"
_TYPES: Final = {
    "U8": np.uint8,
    "U32": np.uint32,
    "U64": np.uint64,
    "I32": np.int32,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}
_HEADER_BYTES: Final = range(2, 2**26)
"""Of the JSON, at least and at most."""


class InvalidModelFile(Exception):
    """A file that holds no arrays in this format; `str()` says why."""


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], about: Mapping[str, str]) -> None:
    """Write arrays by name, and what is said about them."""
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, metadata=dict(about))


def map_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays of a file, read-only and mapped, and what is said about them.

    Raises:
        InvalidModelFile: it is cut, or no such file.
    """
    size = path.stat().st_size - 8
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length not in _HEADER_BYTES or length > size:
            raise InvalidModelFile(f"{path.name} has no header")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise InvalidModelFile(f"{path.name} has a header that is no JSON: {error}") from error
    size -= length
    whole = np.memmap(path, np.uint8, "r").view(np.ndarray)[8 + length :]
    try:
        about = header.pop(_ABOUT, {})
        arrays = {name: _array(whole[slice(*entry["data_offsets"])], entry) for name, entry in header.items()}
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:  # what slices and views of other numbers than theirs raise
        raise InvalidModelFile(f"{path.name} is cut or states no arrays: {error}") from error
    return arrays, about


def _array(part: npt.NDArray[np.uint8], entry: Mapping[str, Any]) -> npt.NDArray[Any]:
    return part.view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
