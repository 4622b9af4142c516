"""The comparison of two runs: parameters, data, metrics, and which fragments have other neighbours."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from published.form import RunRecord
from scores_api.models.comparison import (
    ComparedCount,
    ComparedData,
    ComparedMetric,
    ComparedNeighbours,
    ComparedParameter,
    RunComparison,
)
from scores_api.neighbours import NeighbourLists
from scores_api.published_run import PublishedRun

__all__ = ["NEAREST", "compared"]

NEAREST: Final = 10
_COUNTS: Final = ("fragments", "shown_fragments", "compounds", "targets")
_MADE: Final = ("objective", "activity_kind", "device", "code_version")


def compared(a: PublishedRun, b: PublishedRun, *, limit: int) -> RunComparison:
    """Compare two runs, with at most `limit` fragments that moved; takes about 20 µs a fragment.

    Raises:
        FileDamaged: neighbours of one are not as they were written.
    """
    one, other = a.record, b.record
    told_a, told_b = _parameters(one), _parameters(other)
    names_a, names_b = set(a.fragments.names), set(b.fragments.names)
    kind = next((kind for kind in one.similarities if kind in a.neighbours and kind in b.neighbours), None)
    seen = [] if kind is None else list(_neighbours(a, b, a.neighbours[kind], b.neighbours[kind]))
    most = [each.kept + len(each.left) for each in seen]
    shares = [each.kept / count for each, count in zip(seen, most, strict=True) if count]
    moved = sorted((each for each in seen if each.left or each.came), key=lambda each: (each.kept, each.fragment))
    return RunComparison(
        a=one.id,
        b=other.id,
        parameters=[
            ComparedParameter(name=name, a=told_a.get(name), b=told_b.get(name))
            for name in dict.fromkeys([*told_a, *told_b])
            if told_a.get(name) != told_b.get(name)
        ],
        data=ComparedData(
            same=one.data == other.data,
            source_a=one.source,
            source_b=other.source,
            counts=[ComparedCount(name=name, a=getattr(one, name), b=getattr(other, name)) for name in _COUNTS],
            shared_fragments=len(names_a & names_b),
            only_a=len(names_a - names_b),
            only_b=len(names_b - names_a),
        ),
        metrics=[
            ComparedMetric(name=name, a=one.metrics.get(name), b=other.metrics.get(name))
            for name in dict.fromkeys([*one.metrics, *other.metrics])
        ],
        similarity=kind,
        nearest=NEAREST,
        compared=len(seen),
        kept=sum(shares) / len(shares) if shares else None,
        moved=moved[:limit],
    )


def _neighbours(
    a: PublishedRun, b: PublishedRun, lists_a: NeighbourLists, lists_b: NeighbourLists
) -> Iterator[ComparedNeighbours]:
    """Of every fragment that both show."""
    ids_b = {name: id_ for id_, name in enumerate(b.fragments.names) if b.fragments.shown[id_]}
    for id_, name in enumerate(a.fragments.names):
        if not a.fragments.shown[id_] or name not in ids_b:
            continue
        near_a = [a.fragments.names[other] for other in lists_a.of(id_, NEAREST)["other"]]
        near_b = [b.fragments.names[other] for other in lists_b.of(ids_b[name], NEAREST)["other"]]
        known_a, known_b = set(near_a), set(near_b)
        yield ComparedNeighbours(
            fragment=name,
            kept=len(known_a & known_b),
            left=[other for other in near_a if other not in known_b],
            came=[other for other in near_b if other not in known_a],
        )


def _parameters(record: RunRecord) -> dict[str, str]:
    """Everything by which a run was made, flat, as JSON; the device is what it was, not what was asked for."""
    return {**dict(_flat(record.spec)), **{name: json.dumps(getattr(record, name)) for name in _MADE}}


def _flat(members: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value is not None:
            yield f"{before}{name}", json.dumps(value, ensure_ascii=False)
