"""How well targets of compounds are ranked where only what acts is stated, beside peers in the same run, as a table.

    .venv/bin/python -m benchmarks.activity --data ../shared/data/activity --cache /tmp/activity-benchmark

Random 80/10/10 % of the stated cells, of which the last tenth judges. CPU seconds are of all threads. Tables of values, and of
actives and inactives, are those of `benchmarks/published.py`.
"""

import argparse
import time
from pathlib import Path

from benchmarks.activity_data import read
from benchmarks.activity_peers import MODELS, Missing

from trainer.evaluation.metrics import recall_at
from trainer.evaluation.splits import random_split

TO_REACH = ">= 0.74"


def main() -> None:
    """Prints one row for each seed and model, and what is to be reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    data = read("zinc_dti", given.data, given.cache)
    print(f"{'data':9}{'seed':>4}  {'model':16}{'recall@10':>10}{'wall s':>9}{'CPU s':>9}", flush=True)
    for seed in range(given.seeds):
        split = random_split(len(data.cells), seed=seed)
        train, test = data.cells.at(split.train), data.cells.at(split.test)
        for model in given.models:
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            try:
                scores_CT = MODELS[model](data, train, seed)
            except Missing as missing:
                print(f"{data.name:9}{seed:4}  {model:16}{missing}", flush=True)
                continue
            wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            found = recall_at(scores_CT, *((cells.compound, cells.target) for cells in (train, test)))
            print(f"{data.name:9}{seed:4}  {model:16}{found:10.3f}{wall_s:9.1f}{cpu_s:9.1f}", flush=True)
    print(f"{data.name:9}{'':4}  {'to reach':16}{TO_REACH:>10}", flush=True)


if __name__ == "__main__":
    main()
