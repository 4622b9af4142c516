"""Replacements by Spark, beside the same without it."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from pyspark.sql import SparkSession
from tests.support.ingesting import ingested
from tests.support.replacing import EFFECTS, write_replaceable

from chemistry.cuts import HYDROGEN, opened, single_cuts
from chemistry.descriptors import described
from chemistry.ends import attachments
from chemistry.graph import Graph
from contracts.evidence import SHOWN_SUPPORT
from trainer.data.activity import Activity
from trainer.runs.ingest import IngestOptions
from trainer.spark import replacing
from trainer.spark.replacing import descriptions, replacements

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def activity(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Activity:
    return ingested(spark, [write_replaceable(tmp_path_factory.mktemp("replaceable") / "table.csv")], IngestOptions())


def found(spark: SparkSession, activity: Activity) -> set[tuple[object, ...]]:
    events = replacements(spark, activity).events
    rows = [tuple(row.values()) for row in events.to_pylist()]
    assert len(set(rows)) == len(rows)
    return set(rows)


def test_single_cuts_are_paired_as_by_hand(spark: SparkSession, activity: Activity) -> None:
    smiles = activity.compounds["smiles"].to_pylist()
    by_parent = {parent: compound for compound, parent in enumerate(smiles)}
    contexts: dict[str, set[tuple[str, int]]] = {}
    for compound, parent in enumerate(smiles):
        graph = Graph.read(parent)
        for cut in single_cuts(graph, opened(graph)):
            contexts.setdefault(cut.rest, set()).add((cut.group, compound))
            if cut.parent in by_parent:
                contexts[cut.rest].add((HYDROGEN, by_parent[cut.parent]))
    values = {(row["compound"], row["target"]): row["value"] for row in activity.cells.to_pylist()}
    wanted = set()
    for members in contexts.values():
        for one, other in combinations(sorted(members, key=lambda member: (member[0].encode(), member[1])), 2):
            if one[0] != other[0] and one[1] != other[1]:
                for target in range(3):
                    if (one[1], target) in values and (other[1], target) in values:
                        cells = values[one[1], target], values[other[1], target]
                        wanted.add((one[0], other[0], target, one[1], other[1], *cells))
    assert wanted <= found(spark, activity)
    assert all(attachments(row[0]) == attachments(row[1]) for row in found(spark, activity))  # type: ignore[arg-type]


def test_what_is_paired_does_not_depend_on_pieces(
    spark: SparkSession, activity: Activity, most_pieces: Callable[[int], None]
) -> None:
    whole = found(spark, activity)
    most_pieces(3)
    assert found(spark, activity) == whole


def test_a_pair_of_fragments_keeps_so_many_pairs_of_compounds(
    spark: SparkSession, activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "MOST_MEASUREMENTS", 5)
    kept: dict[tuple[object, object], set[tuple[object, object]]] = {}
    for first, second, _, one, other, *_ in found(spark, activity):
        kept.setdefault((first, second), set()).add((one, other))
    assert max(map(len, kept.values())) == 5


def test_support_counts_the_compounds_of_a_group(spark: SparkSession, activity: Activity) -> None:
    support = dict(
        zip(*(replacements(spark, activity).support[name].to_pylist() for name in ("fragment", "compounds")), strict=True)
    )
    assert {support[f"*{name}"] for name in ("F", "Cl", "Br")} == {12}
    assert set(EFFECTS) >= {"F"}
    assert support[HYDROGEN] >= 12


def test_linkers_that_few_compounds_have_are_not_replaced(spark: SparkSession, activity: Activity) -> None:
    measured = replacements(spark, activity)
    support = dict(zip(*(measured.support[name].to_pylist() for name in ("fragment", "compounds")), strict=True))
    known = set(activity.fragments["smiles"].to_pylist())
    rare = {name for name, count in support.items() if name.count("*") == 2 and count < SHOWN_SUPPORT} - known
    assert rare
    assert not rare & {name for side in ("first", "second") for name in measured.events[side].to_pylist()}


def test_fragments_are_described_in_their_order(spark: SparkSession) -> None:
    names = ["*Cl", "*C(=O)O", "*c1ccccc1"]
    rows = descriptions(spark, names)
    for place, name in enumerate(names):
        np.testing.assert_array_equal(rows.numbers_FD[place], described(name).numbers_D)
        np.testing.assert_array_equal(rows.bits_FKW[place], described(name).bits_KW)
    assert len(descriptions(spark, [])) == 0
