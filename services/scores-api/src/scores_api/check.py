"""`python -m scores_api.check`: whether this release can serve a store, before it is put in the place of another one."""

import argparse
import sys
from pathlib import Path

from contracts.store import Store
from published.form import OtherFormat
from published.pages import FileDamaged
from scores_api.open_runs import open_run
from scores_api.publications import Publications

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Open every run, and say which cannot be; exit status 1 where there are runs and none of them opens."""
    parser = argparse.ArgumentParser(prog="python -m scores_api.check", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state directory; the store lies in `store/` under it")
    store = Store.under(parser.parse_args(arguments).state)
    opened, refused = 0, 0
    for one in Publications(store).read()[0]:
        problem = one.problem
        if problem is None and one.publication is not None and one.record is not None:
            try:
                open_run(store, one.publication, release="check")
            except (FileDamaged, OtherFormat) as error:
                problem = str(error)
            else:
                opened += 1
        if problem is not None:
            refused += 1
            print(f"{one.run or 'unknown run'}: {problem}", file=sys.stderr)  # noqa: T201 - a command line
    if not opened and not refused:
        print("Nothing is published yet.")  # noqa: T201 - a command line
        return 0
    print(f"This release can serve {opened} of {opened + refused} runs of the store.")  # noqa: T201 - a command line
    return 0 if opened else 1


if __name__ == "__main__":
    sys.exit(main())
