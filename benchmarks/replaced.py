"""Measured replacements of chembl5 for the benchmarks, read and paired by the product; kept, because cutting takes minutes."""

import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.data.activity import Activity
from trainer.replacements.events import Events
from trainer.replacements.groups import Groups, Named
from trainer.runs.ingest import IngestOptions
from trainer.spark import intake
from trainer.spark.ingest.ingest import digest
from trainer.spark.replacing import descriptions, replacements
from trainer.spark.session import Session

__all__ = ["Measurements", "read"]

FILE = Path("chembl5/chembl_5thresh.csv.gz")


@dataclass(frozen=True, eq=False)
class Measurements:
    """What the product finds in the table."""

    activity: Activity
    groups: Groups
    events: Events
    seconds: dict[str, float]
    """Wall, by stage."""

    @property
    def scaffolds_C(self) -> npt.NDArray[np.int64]:
        """The number of each compound's scaffold."""
        names = [scaffold or "" for scaffold in self.activity.compounds["scaffold"].to_pylist()]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)


def read(folder: Path, cache: Path) -> Measurements:
    """From the table, or from `cache` where these facts were paired before."""
    paths, options = [folder / FILE], IngestOptions()
    kept = cache / f"replaced-{digest(paths, options)}.pickle"
    if kept.exists():
        found: Measurements = pickle.loads(kept.read_bytes())  # noqa: S301 -- written by the lines below
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with Session(cache / "spark") as session:
        begun = time.perf_counter()
        activity = intake.read(paths, options, session.spark)
        ingested = time.perf_counter()
        measured = replacements(session.spark(), activity)
        paired = time.perf_counter()
        names = {name for side in ("first", "second") for name in measured.events[side].unique().to_pylist()}
        support = dict(zip(*(measured.support[column].to_pylist() for column in ("fragment", "compounds")), strict=True))
        named = Named.of(activity.fragments, sorted(names), support)
        described = descriptions(session.spark(), named.names)
        done = time.perf_counter()
    groups = Groups(named.names, named.fragment_G, named.support_G, named.listed_G, described)
    seconds = {"ingest": ingested - begun, "cut and pair": paired - ingested, "describe": done - paired}
    found = Measurements(activity, groups, Events.of(measured.events, groups.names), seconds)
    kept.write_bytes(pickle.dumps(found))
    return found
