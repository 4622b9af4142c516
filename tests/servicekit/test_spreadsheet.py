import csv
import io

import pytest

from servicekit.spreadsheet import as_csv, harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("https://evil.example")'])
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["C=C", "[N+](=O)[O-]", "", "a-b", -1.5, 3, None])
def test_everything_else_stays_as_it_is(cell: object) -> None:
    assert harmless(cell) is cell


def test_no_cell_and_no_heading_of_a_table_is_computed() -> None:
    text = as_csv(["target", "=name"], [["=1+1", 2.5], ['a, "b"', "-3"]])
    assert list(csv.reader(io.StringIO(text))) == [["target", "'=name"], ["'=1+1", "2.5"], ['a, "b"', "'-3"]]
