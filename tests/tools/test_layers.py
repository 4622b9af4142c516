"""The layers hold: what must not be imported, and what has no place, breaks `lint-imports`."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Planted:
    """An import at the end of a module, and what the report says of it."""

    module: str
    imported: str
    contract: str
    told: str


IMPORTS: Final = {
    "torch where runs are published": Planted(
        "trainer.store.publish",
        "torch",
        "torch: only in factorization, dialogue and device",
        "trainer.store is not allowed to import torch",
    ),
    "pyspark in a job": Planted(
        "trainer.jobs.supervisor",
        "pyspark",
        "pyspark: only in spark",
        "trainer.jobs is not allowed to import pyspark",
    ),
    "the command line in an executor": Planted(
        "trainer.jobs.executors.local",
        "trainer.cli.bars",
        "The trainer: rooms by what happens to the data",
        "trainer.jobs is not allowed to import trainer.cli",
    ),
    "a route in the results": Planted(
        "trainer.store.results",
        "trainer.api.routes.wire",
        "The trainer: rooms by what happens to the data",
        "trainer.store is not allowed to import trainer.api",
    ),
    "fastapi where tables are read": Planted(
        "trainer.spark.ingest.ingest",
        "fastapi",
        "fastapi: only in the API",
        "trainer.spark is not allowed to import fastapi",
    ),
    "httpx in the numeric core": Planted(
        "trainer.factorization.predictor",
        "httpx",
        "The numeric core knows no HTTP",
        "trainer.factorization is not allowed to import httpx",
    ),
}
PACKAGES: Final = sorted(
    ".".join(init.parent.relative_to(sources).parts)
    for sources in ROOT.glob("s*/**/src")
    for init in sources.rglob("__init__.py")
    if "_client" not in init.relative_to(sources).parts[0]
)
"""All packages but the generated ones: an empty module `util` has a place in none."""


def _path(tree: Path, module: str) -> Path:
    """A module's file, or a package's folder, wherever a distribution has it."""
    parts = Path(*module.split("."))
    (found,) = [
        path
        for sources in (tree / "shared" / "src", *sorted((tree / "services").glob("*/src")))
        for path in (sources / parts, sources / parts.with_suffix(".py"))
        if path.exists()
    ]
    return found


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """What `lint-imports` says of the sources under `tree`."""
    sources = [tree / "shared" / "src", *sorted((tree / "services").glob("*/src"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources)), "COLUMNS": "200", "NO_COLOR": "1"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", str(tree / ".importlinter")]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources in which everything that must not be is planted."""
    tree = tmp_path_factory.mktemp("planted")
    for sources in (ROOT / "shared" / "src", *(ROOT / "services").glob("*/src")):
        ignored = shutil.ignore_patterns("__pycache__", "*.json*", "*.npz", "*.js", "*.css", "*.txt", "*.csv")
        shutil.copytree(sources, tree / sources.relative_to(ROOT), ignore=ignored)
    shutil.copyfile(ROOT / ".importlinter", tree / ".importlinter")
    for each in IMPORTS.values():
        with _path(tree, each.module).open("a") as file:
            file.write(f"\nimport {each.imported}\n")
    for package in PACKAGES:
        (_path(tree, package) / "util.py").write_text('"""A drawer."""\n')
    return tree


@pytest.fixture(scope="module")
def report(planted: Path) -> str:
    """What `lint-imports` says of the copy, which it refuses."""
    done = _lint(planted)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", IMPORTS)
def test_what_must_not_be_imported_breaks_the_layers(report: str, name: str) -> None:
    planted = IMPORTS[name]
    assert f"{planted.contract} BROKEN" in report
    assert f"{planted.told}:" in report
    assert f"{planted.module} -> {planted.imported} (" in report


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_without_a_place_breaks_the_layers(report: str, package: str) -> None:
    assert f"\n- {package}.util\n" in report
