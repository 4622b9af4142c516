"""A worker for tests that does in a moment what its spec's seed says, by files alone: `quick_worker.py DIRECTORY`.

0 publishes; 1 is killed; 2 fails by its data; 3 publishes as soon as there is a file `go`; 4 is killed the first time, then
publishes; 5 does as 3, and writes a checkpoint when it is told to end.
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

PUBLISHES, DIES, FAILS, WAITS, DIES_ONCE, SAVES = range(6)


def main(directory: Path) -> None:
    """Work off the assignment."""
    assignment = json.loads((directory / "assignment.json").read_text())
    seed, run = assignment["spec"]["seed"], assignment["run"]

    def tell(kind: str, **data: object) -> None:
        line = json.dumps({"time": datetime.now(UTC).isoformat(), "kind": kind, "data": data})
        with (directory / "events.jsonl").open("a") as events:
            events.write(line + "\n")

    def save(_: int, __: object) -> None:
        (directory / "checkpoint").write_text(run)
        os._exit(1)

    signal.signal(signal.SIGTERM, save if seed == SAVES else signal.SIG_DFL)
    print(f"{os.getpid()} {run}", flush=True)  # noqa: T201 - the log
    tell("device", device=assignment["place"]["device"])
    if seed == DIES or (seed == DIES_ONCE and (directory / "log.txt").read_text().count("\n") == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == FAILS:
        tell("failed", slug="invalid-data", detail="row 3", extensions={})
        sys.exit(1)
    while seed in {WAITS, SAVES} and not (directory / "go").exists():
        time.sleep(0.01)
    for stage in ("write", "commit", "publish"):
        tell("stage-started", stage=stage)
    tell("published", run=run)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
