"""Published tables, predicted by the served model's file and by peers in the same run, as one table.

    .venv/bin/pip download MoleculeACE --no-deps -d /tmp/moleculeace
    .venv/bin/python -m benchmarks.published --data ../shared/data/activity --cache /tmp/activity-benchmark \
        --moleculeace /tmp/moleculeace/MoleculeACE-3.0.0-py3-none-any.whl [--only "tox21 random"] [--models served]

`served` is the model as it is published, asked from its file as the API asks it, so that compounds with measurements on other
targets are completed by these; `served, as new` is the same without: no molecule is then known, whatever other tasks state of
it. CPU seconds are of all threads, without reading the table.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.published_data import Judged, judged_tables
from benchmarks.published_peers import PEERS

from trainer.evaluation.foretold import foretold_by_file
from trainer.evaluation.metrics import auc_macro, coverage, medians, rmse
from trainer.evaluation.model import Model
from trainer.factorization.gaussian.panel import Panel

QUOTED = {
    "MoleculeACE": (
        ("CheMeleon", 0.666, 0.765),
        ("SVM on ECFP", 0.671, 0.751),
        ("random forest on ECFP", 0.700, 0.786),
        ("MiniMol", 0.700, 0.792),
    )
}
"""Mean RMSE and RMSE on cliffs, from the per-task result files that go with the CheMeleon paper."""
SERVED = "served"


def main() -> None:
    """Prints one row for each table, split and model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--moleculeace", type=Path, help="the package's wheel")
    parser.add_argument("--only", default="", help="tables and splits whose names begin so: chembl5, tox21 random 0")
    parser.add_argument("--models", nargs="+", choices=(SERVED, *PEERS), default=[SERVED, *PEERS])
    given = parser.parse_args()
    print(f"{'table':20}{'model':24}{'RMSE':>8}{'cliffs':>8}{'AUC':>8}{'cover':>8}{'CPU s':>8}", flush=True)
    for judged in judged_tables(given.data, given.moleculeace, given.cache, given.only):
        for model in given.models:
            if model == SERVED:
                served(judged)
            elif not judged.facts.binary or model != "matched_pairs":
                started_s = time.process_time()
                row(judged, model, PEERS[model](judged), None, time.process_time() - started_s)
        for model, whole, cliffs in QUOTED.get(judged.name, ()):
            print(f"{judged.name:20}{model + ', quoted':24}{whole:8.3f}{cliffs:8.3f}", flush=True)


def served(judged: Judged) -> None:
    """The rows of the model's file."""
    started_s = time.process_time()
    model = Model.learned(judged.facts, judged.train, device="cpu")
    said = model.foretells(judged.test)
    row(judged, SERVED, said.prediction_N, (said.low_N, said.high_N), time.process_time() - started_s)
    if judged.cliff_N is not None:
        none = Panel.none(judged.train)
        facts = judged.facts
        said = foretold_by_file(model.fit, none, facts.kernel, facts.named, judged.test, model.calibration)
        row(judged, f"{SERVED}, as new", said.prediction_N, (said.low_N, said.high_N), time.process_time() - started_s)


Floats = npt.NDArray[np.float64]


def row(judged: Judged, model: str, predicted_N: Floats, ends: tuple[Floats, Floats] | None, cpu_s: float) -> None:
    """One row: RMSE, where tasks are judged one by one its mean over them; macro AUC; how many intervals hold."""
    test, numbers = judged.test, {}
    if not judged.facts.binary and judged.cliff_N is not None:
        tasks = [test.target == target for target in range(test.targets)]
        numbers["RMSE"] = float(np.mean([rmse(predicted_N[task], test.value[task]) for task in tasks]))
        cliffs = [task & judged.cliff_N for task in tasks]
        numbers["cliffs"] = float(np.mean([rmse(predicted_N[task], test.value[task]) for task in cliffs]))
    elif not judged.facts.binary:
        numbers["RMSE"] = rmse(predicted_N, test.value)
    threshold_N = 0.0 if judged.facts.binary else medians(test.value, test.target, test.targets)[test.target]
    numbers["AUC"] = auc_macro(predicted_N, test.value > threshold_N, test.target)
    if ends is not None and not judged.facts.binary:
        numbers["cover"] = 100 * coverage(*ends, test.value)
    columns = "".join(
        f"{numbers[name]:8.3f}" if name in numbers else f"{'-':>8}" for name in ("RMSE", "cliffs", "AUC", "cover")
    )
    print(f"{judged.name:20}{model:24}{columns}{cpu_s:8.0f}", flush=True)


if __name__ == "__main__":
    main()
