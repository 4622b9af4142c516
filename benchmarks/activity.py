"""How well unseen activity is predicted, beside peers in the same run, as a table.

    .venv/bin/python -m benchmarks.activity --data ../shared/data/activity --cache /tmp/activity-benchmark [--only chembl5]

Every model sees the training cells; those that choose anything choose it by them alone. Intervals are stretched to hold nine of
ten of the validation cells. CPU seconds are of all threads.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from benchmarks.activity_data import DATA_SETS, Data, read
from benchmarks.activity_peers import MODELS, Answer, Missing

from trainer.evaluation.metrics import auc_macro, coverage, medians, recall_at, rmse, stretch
from trainer.evaluation.splits import Split, random_split, scaffold_split

TO_REACH = {
    ("chembl5", "random"): {"RMSE": "<= 0.69", "AUC": ">= 0.91", "cover": "88-92"},
    ("chembl5", "scaffold"): {"RMSE": "<= 0.86", "cover": "87-93"},
    ("tox21", "random"): {"AUC": ">= 0.87"},
    ("tox21", "scaffold"): {"AUC": ">= 0.76"},
    ("zinc_dti", "random"): {"recall": ">= 0.65"},
}
COLUMNS = ("RMSE", "AUC", "AUC5", "cover", "recall")
"""AUC of all targets with both classes; AUC5 of those with five and more of each, since that of fewer is mostly chance."""


def main() -> None:
    """Prints one row for each data set, split, seed and model, and what is to be reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", choices=sorted(DATA_SETS), help="one data set")
    parser.add_argument("--split", choices=("random", "scaffold"), help="one way of holding out")
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3, help="of the random split; the scaffold split has seed 0")
    given = parser.parse_args()
    head = "".join(f"{name:>8}" for name in COLUMNS)
    print(f"{'data':9}{'split':10}{'seed':>4}  {'model':16}{head}{'wall s':>9}{'CPU s':>9}", flush=True)
    for name in [given.only] if given.only else DATA_SETS:
        data = read(name, given.data, given.cache)
        for split_name, seeds in (("random", given.seeds), ("scaffold", 1)):
            if (name, split_name) not in TO_REACH or given.split not in {None, split_name}:
                continue
            for seed in range(seeds):
                for model in given.models:
                    report(data, split_name, seed, model)
            reach = "".join(f"{TO_REACH[name, split_name].get(column, ''):>8}" for column in COLUMNS)
            print(f"{name:9}{split_name:10}{'':4}  {'to reach':16}{reach}", flush=True)


def report(data: Data, split_name: str, seed: int, model: str) -> None:
    """One row of the table."""
    split = split_of(data, split_name, seed)
    train, asked = data.cells.at(split.train), data.cells.at(np.concatenate([split.validation, split.test]))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    place = f"{data.name:9}{split_name:10}{seed:4}  {model:16}"
    try:
        answer = MODELS[model](data, train, asked, seed)
    except Missing as missing:
        print(f"{place}{missing}", flush=True)
        return
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    numbers = scores(data, split, answer)
    cells = "".join(f"{numbers[name]:8.3f}" if name in numbers else f"{'-':>8}" for name in COLUMNS)
    print(f"{place}{cells}{wall_s:9.1f}{cpu_s:9.1f}", flush=True)


def split_of(data: Data, split_name: str, seed: int) -> Split:
    """80/10/10 % of the cells."""
    if split_name == "random":
        return random_split(len(data.cells), seed=seed)
    return scaffold_split(data.scaffolds_C, data.cells.compound, seed=seed)


def scores(data: Data, split: Split, answer: Answer) -> dict[str, float]:
    """The columns that such data have."""
    test = data.cells.at(split.test)
    if data.positives:
        known, held = ((cells.compound, cells.target) for cells in (data.cells.at(split.train), test))
        return {"recall": recall_at(answer.mean_N, known, held)}
    places = np.union1d(split.validation, split.test)
    validation, held_out = (np.searchsorted(places, part) for part in (split.validation, split.test))
    mean_N = answer.mean_N[held_out]
    active_N = test.value > (0.0 if data.binary else medians(test.value, test.target, test.targets)[test.target])
    found = {name: auc_macro(mean_N, active_N, test.target, least=least) for name, least in (("AUC", 1), ("AUC5", 5))}
    if not data.binary:
        found["RMSE"] = rmse(mean_N, test.value)
        if answer.low_N is not None and answer.high_N is not None:
            told = answer.mean_N[validation], answer.low_N[validation], answer.high_N[validation]
            factor = stretch(*told, measured=data.cells.at(split.validation).value)
            low_N, high_N = (mean_N + factor * (end_N[held_out] - mean_N) for end_N in (answer.low_N, answer.high_N))
            found["cover"] = 100 * coverage(low_N, high_N, test.value)
    return {name: value for name, value in found.items() if np.isfinite(value)}


if __name__ == "__main__":
    main()
