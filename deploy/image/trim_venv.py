# ruff: noqa: INP001, T201 - a script for image builds, no package; it prints what it saved
"""Leaves of an installed virtual environment what runs: `python3 trim_venv.py VENV`, inside an image build.

Tests of libraries, headers, sources of extension modules, programs for building, symbols that only debuggers read, and parts of
Arrow, RDKit and ONNX Runtime that no service calls.
What a service imports is imported again in its Dockerfile's last step, by the image as it is shipped.
"""

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

_ELF_64_LITTLE: Final = b"\x7fELF\x02\x01"
SOURCES: Final = frozenset({".a", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp", ".pxd", ".pxi", ".pyx"})
TESTS: Final = frozenset({"tests", "test"})
TESTS_THAT_RUN: Final = ("numpy/testing/tests", "torch/testing")
UNUSED_JARS: Final = (
    # State of streams; Hive's metastore; other platforms' network libraries. The trainer's image rehearses a training after
    # they went. MLlib and what it stands on stay: the engine `spark-als` is in it.
    *("rocksdbjni*", "spark-hive*", "hive-[!s]*", "hive-se*", "hive-sh*", "derby*", "datanucleus*"),
    *("*quic*osx*", "*quic*windows*", "*boringssl*osx*", "*boringssl*windows*"),
)
RDKIT_MODULES: Final = frozenset(
    """
    rdBase cDataStructs rdGeometry rdchem rdmolfiles rdmolops rdinchi rdCIPLabeler rdCoordGen rdMolInterchange
    rdMolStandardize rdFingerprintGenerator rdDepictor rdMolDraw2D rdFMCS rdMolDescriptors rdPartialCharges
    """.split()  # noqa: SIM905 - a list to read
)
"""RDKit as far as molecules are read, standardised, described, fingerprinted and drawn as SVG: without reactions and shapes."""
UNUSED: Final = (
    # Arrow: RPC, object stores, query plans from elsewhere, encryption. `pyarrow` imports each on demand only.
    *("pyarrow/libarrow_flight.so.*", "pyarrow/libarrow_python_flight.so*", "pyarrow/_flight.*", "pyarrow/_substrait.*"),
    *("pyarrow/libarrow_s3.so.*", "pyarrow/_s3fs.*", "pyarrow/_gcsfs.*", "pyarrow/_azurefs.*", "pyarrow/_hdfs.*"),
    *("pyarrow/libarrow_python_parquet_encryption.so*", "pyarrow/_*parquet_encryption.*", "pyarrow/_orc.*"),
    *("pyarrow/_dataset_orc.*", "pyarrow/_pyarrow_cpp_tests.*", "pyarrow/src", "pyarrow/include"),
    # PyTorch: compiling against it, and its own test programs.
    *("torch/include", "torch/test", "torch/share", "torch/bin/protoc*", "torch/bin/test_*", "torch/bin/*StoreTest"),
    *("numpy/_core/include", "numpy/_core/lib", "numpy/random/lib"),
    *("pyspark/examples", "pyspark/data", "pyspark/licenses", "onnx/backend/test"),
    # ONNX Runtime for C programs, and its scripts that make models smaller.
    *("onnxruntime/capi/libonnxruntime.so.*", "onnxruntime/transformers", "onnxruntime/quantization", "onnxruntime/tools"),
    *("rdkit/Contrib", "rdkit/Data", "rdkit/ML", "rdkit/sping", "rdkit/VLib", "rdkit/Avalon"),
    *(f"pyspark/jars/{jar}" for jar in UNUSED_JARS),
    *("plotly/package_data/datasets", "dash/labextension", "plotly/labextension"),
)


def main(venv: Path) -> None:
    """Remove, and print how much went."""
    for packages in (venv / "lib").glob("python3.*/site-packages"):
        before_bytes = _size_bytes(packages)
        for pattern in UNUSED:
            for path in packages.glob(pattern):
                _remove(path)
        _remove_sources_and_tests(packages)
        if not (packages / "matplotlib").exists():  # then RDKit's drawing of pixels alone would want it
            for name in ("PIL", "pillow.libs"):
                _remove(packages / name)
        _link_copies(packages / "pyarrow")
        _trim_rdkit(packages / "rdkit", packages / "rdkit.libs")
        for library in packages.rglob("*.so*"):
            if library.is_file() and not library.is_symlink():
                _cut_symbols(library)
        print(f"{packages}: {before_bytes / 1e6:.0f} -> {_size_bytes(packages) / 1e6:.0f} MB")


def _remove_sources_and_tests(packages: Path) -> None:
    for path in sorted(packages.rglob("*")):
        if path.is_dir() and path.name in TESTS and not _needed(path.relative_to(packages).as_posix()):
            shutil.rmtree(path)
        elif path.suffix in SOURCES and path.is_file():
            path.unlink()


def _needed(directory: str) -> bool:
    return any(directory.startswith(prefix) for prefix in TESTS_THAT_RUN)


def _link_copies(directory: Path) -> None:
    """A wheel cannot hold links, so a library that has three names lies in it three times."""
    for library in sorted(directory.glob("lib*.so*"), key=lambda path: len(path.name), reverse=True):
        for other in directory.glob("lib*.so*"):
            if (
                other.name != library.name
                and library.name.startswith(other.name)
                and not (other.is_symlink() or library.is_symlink())
                and other.read_bytes() == library.read_bytes()
            ):
                other.unlink()
                other.symlink_to(library.name)


def _trim_rdkit(modules: Path, libraries: Path) -> None:
    """Its extension modules that nothing imports, and the libraries that only those needed."""
    if not modules.exists():
        return
    for module in modules.rglob("*.so"):
        if module.stem not in RDKIT_MODULES:
            module.unlink()
    said = subprocess.run(["ldd", *modules.rglob("*.so")], capture_output=True, text=True, check=True)  # noqa: S603, S607 - the build's
    needed = set(re.findall(r"=> \S*/([^/\s]+) \(", said.stdout))
    for library in libraries.iterdir():
        if library.name not in needed:
            library.unlink()


def _cut_symbols(library: Path) -> None:
    """What lies behind the last segment that is loaded is read by linkers and debuggers alone, and the table of it."""
    with library.open("r+b") as file:
        header = bytearray(file.read(64))
        if len(header) < 64 or header[:6] != _ELF_64_LITTLE:  # noqa: PLR2004 - the size of the header
            return
        (at,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(at)
        segments = [struct.unpack_from("<IIQQQQ", file.read(size)) for _ in range(count)]
        end = max([64, at + size * count, *(offset + length for _, _, offset, _, _, length in segments)])
        if end < library.stat().st_size:
            struct.pack_into("<Q", header, 40, 0)  # e_shoff
            struct.pack_into("<HH", header, 60, 0, 0)  # e_shnum, e_shstrndx
            file.seek(0)
            file.write(header)
            file.truncate(end)


def _size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
