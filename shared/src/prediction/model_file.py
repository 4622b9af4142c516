"""A file of named arrays in the safetensors format, whose header is JSON: mapped, or taken from bytes without a copy.

The library writes it. It copies what it reads, so that reading is done here: who maps pays for the pages that are touched.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

__all__ = ["InvalidModelFile", "arrays_in", "map_arrays", "small", "write_arrays"]

_ABOUT: Final = "__metadata__"
_TYPES: Final = {
    "U8": np.uint8,
    "U16": np.uint16,
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


def small(numbers_N: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers from 0 on in as few bytes as the largest needs."""
    return numbers_N.astype(np.min_scalar_type(int(numbers_N.max(initial=0))))


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], about: Mapping[str, str]) -> None:
    """Write arrays by name, and what is said about them."""
    path.touch()
    mode = path.stat().st_mode  # the library lets nobody but the writer read
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, metadata=dict(about))
    path.chmod(mode)


def map_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays of a file, read-only and mapped, and what is said about them.

    Raises:
        InvalidModelFile: it is cut, or no such file.
    """
    if not path.stat().st_size:
        raise InvalidModelFile(f"{path.name} is empty")
    return _arrays(np.memmap(path, np.uint8, "r").view(np.ndarray), path.name)


def arrays_in(content: bytes, name: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays of a file of this name that was read; raises as `map_arrays`."""
    return _arrays(np.frombuffer(content, np.uint8), name)


def _arrays(whole: npt.NDArray[np.uint8], name: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    size = len(whole) - 8
    length = int.from_bytes(whole[:8].tobytes(), "little")
    if length not in _HEADER_BYTES or length > size:
        raise InvalidModelFile(f"{name} has no header")
    try:
        header = json.loads(whole[8 : 8 + length].tobytes())
    except ValueError as error:
        raise InvalidModelFile(f"{name} has a header that is no JSON: {error}") from error
    data = whole[8 + length :]
    try:
        about = header.pop(_ABOUT, {})
        arrays = {key: _array(data[slice(*entry["data_offsets"])], entry) for key, entry in header.items()}
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:  # what slices and views of other numbers than theirs raise
        raise InvalidModelFile(f"{name} is cut or states no arrays: {error}") from error
    return arrays, about


def _array(part: npt.NDArray[np.uint8], entry: Mapping[str, Any]) -> npt.NDArray[Any]:
    return part.view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
