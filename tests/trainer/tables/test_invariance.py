"""What a table states does not depend on how it is written: order, names' case, more texts, delimiter, encoding, unit."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.tables import bounds, cells, read

MOLECULES = (
    "CCOC(=O)c1ccccc1", "CCNC(=O)c1ccccc1", "CC(C)NC(=O)c1ccc(F)cc1", "CC(=O)Nc1ccc(O)cc1", "COc1ccc(CCN)cc1",
    "COc1ccc(CC(=O)O)cc1",
)  # fmt: skip
KEPT = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Table = tuple[list[str], list[list[str]]]


@st.composite
def long_tables(draw: st.DrawFn) -> Table:
    """Molecules, targets, relations and concentrations in nM."""
    rows = [
        [
            molecule,
            f"P{index % 2:05d}",
            draw(st.sampled_from(["=", "=", "=", ">", "<"])),
            f"{draw(st.floats(0.1, 1e5)):.6g}",
            "nM",
        ]
        for index, molecule in enumerate(MOLECULES * 2)
    ]
    return ["smiles", "target_id", "relation", "standard_value", "standard_units"], rows


@st.composite
def wide_tables(draw: st.DrawFn) -> Table:
    """Molecules and pIC50 of two targets, some of which were not measured."""
    value = st.one_of(st.floats(3, 10).map(lambda px: f"{px:.4f}"), st.sampled_from(["", "n.d.", ">7.5", "<4"]))
    rows = [[molecule, f"{5.25 + index / 8}", draw(value)] for index, molecule in enumerate(MOLECULES)]
    return ["smiles", "EGFR pIC50", "ABL1 pIC50"], rows


TABLES = st.one_of(long_tables(), wide_tables())


def written(path: Path, table: Table, *, delimiter: str = ",", encoding: str = "utf-8", line_end: str = "\n") -> Path:
    header, rows = table
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([header, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def facts(path: Path, **options: Any) -> tuple[Any, ...]:
    """What a table states, without its order."""
    found = read(path, **options)
    return cells(found), bounds(found), found.kind, found.fragments.to_pylist(), found.compounds["smiles"].to_pylist()


@KEPT
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_columns_changes_nothing(tmp_path: Path, table: Table, random: Any) -> None:
    header, rows = table
    order = random.sample(range(len(header)), len(header))
    moved = [header[place] for place in order], [[row[place] for place in order] for row in rows]
    assert facts(written(tmp_path / "a.csv", table)) == facts(written(tmp_path / "b.csv", moved))


@KEPT
@given(long_tables(), st.sampled_from([str.upper, str.title, lambda name: name.replace("_", " "), lambda name: f" {name} "]))
def test_case_and_blanks_of_names_change_nothing(tmp_path: Path, table: Table, renamed: Any) -> None:
    header, rows = table
    assert facts(written(tmp_path / "a.csv", table)) == facts(
        written(tmp_path / "b.csv", ([renamed(name) for name in header], rows))
    )


@KEPT
@given(TABLES, st.sampled_from(["comment", "vendor remark", "Assay Description", "colour"]), st.integers(0, 3))
def test_a_column_of_texts_changes_nothing(tmp_path: Path, table: Table, name: str, place: int) -> None:
    header, rows = table
    more = [[*row[:place], f"some words, {index}", *row[place:]] for index, row in enumerate(rows)]
    assert facts(written(tmp_path / "a.csv", table)) == facts(
        written(tmp_path / "b.csv", ([*header[:place], name, *header[place:]], more))
    )


@KEPT
@given(
    TABLES,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_delimiter_encoding_and_line_ends_change_nothing(
    tmp_path: Path, table: Table, delimiter: str, encoding: str, line_end: str
) -> None:
    other = written(tmp_path / "b.csv", table, delimiter=delimiter, encoding=encoding, line_end=line_end)
    assert facts(written(tmp_path / "a.csv", table)) == facts(other)


@KEPT
@given(long_tables())
def test_a_unit_is_only_a_way_of_writing(tmp_path: Path, table: Table) -> None:
    header, rows = table
    first = read(written(tmp_path / "a.csv", table))
    micromolar = [[*row[:3], repr(float(row[3]) / 1000), "uM"] for row in rows]
    flipped = {"=": "=", "<": ">", ">": "<"}
    logarithmic = [[row[0], row[1], flipped[row[2]], repr(9 - math.log10(float(row[3]))), "pX"] for row in rows]
    for name, other in (("b.csv", micromolar), ("c.csv", logarithmic)):
        second = read(written(tmp_path / name, (header, other)))
        assert cells(second) == pytest.approx(cells(first), abs=1e-9)
        assert {key: relation for key, (relation, _) in bounds(second).items()} == {
            key: relation for key, (relation, _) in bounds(first).items()
        }


@KEPT
@given(st.lists(st.floats(0.1, 1e6), min_size=6, max_size=6))
def test_a_unit_in_a_header_is_only_a_way_of_writing(tmp_path: Path, values: list[float]) -> None:
    def of(header: str, scaled: list[float]) -> dict[tuple[str, str], float]:
        rows = [[molecule, repr(value)] for molecule, value in zip(MOLECULES, scaled, strict=True)]
        return cells(read(written(tmp_path / "a.csv", (["smiles", header], rows))))

    nanomolar = of("EGFR IC50 (nM)", values)
    assert of("EGFR IC50 (uM)", [value / 1000 for value in values]) == pytest.approx(nanomolar, abs=1e-9)
    molar = of("EGFR IC50 [M]", [value / 1e9 for value in values])
    assert molar == pytest.approx(nanomolar, abs=1e-9)
