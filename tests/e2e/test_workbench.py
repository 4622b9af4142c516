"""What a chemist does with a table, in a browser before the whole product: from the file to the fragments."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.support.browser import PLAIN, axe_script, launched, serious_faults, watched
from tests.support.gaussian import SMILES
from tests.support.product import Product

pytestmark = [pytest.mark.e2e, pytest.mark.spark, pytest.mark.browser]
_PATIENCE_MS = 110_000
"""Of one step; the slowest, a training with Spark on two busy cores, takes a minute."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("workbench") / "state") as product:
        product.wait_for_line("Ctrl-C stops everything", timeout_s=150)
        yield product


@pytest.fixture
def page(product: Product) -> Iterator[Page]:
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        context = launched(playwright, PLAIN).new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(_PATIENCE_MS)
        for visit in watched(context):
            yield visit.go(f"http://127.0.0.1:{product.ports['VIZ_DASH_PORT']}/data")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of molecules of which two rows are of no use."""
    rows = [f"{smiles},{4 + at % 5},{5 + at % 3}" for at, smiles in enumerate(SMILES)]
    path = tmp_path / "assays.csv"
    path.write_text("\n".join(["smiles,EGFR,HER2", *rows, "nonsense(,5,6", "CCO,x,5"]))
    return path


@pytest.mark.slow
def test_a_table_is_dropped_corrected_trained_on_and_its_fragments_opened(page: Page, table: Path, tmp_path: Path) -> None:
    page.get_by_label("Drop a file here, or choose one").set_input_files(table)
    expect(page.locator("#data-plan")).to_contain_text("assays.csv: csv, a row a molecule, a column a target.")
    expect(page.locator("#data-plan")).to_contain_text("nonsense(")
    expect(page.locator("#data-plan .flag").first).to_contain_text("Some rows cannot be used.")
    assert serious_faults(page, axe_script(tmp_path)) == []

    page.get_by_label("Read HER2 as: value").click()
    page.get_by_role("list", name="Read HER2 as").get_by_role("link", name="left aside").click()
    expect(page.locator("#data-plan")).to_contain_text("1 targets")
    page.go_back()
    expect(page.locator("#data-plan")).to_contain_text("2 targets")

    page.locator("#data-plan summary", has_text="Rows that cannot be used").click()
    page.get_by_role("list", name="Rows that cannot be used").get_by_role("link", name="skip").click()
    expect(page.locator("#data-plan .flag")).to_have_count(0)
    page.get_by_role("button", name="Train", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#data-job progress")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the training")).to_be_visible()
    expect(page.locator("#data-job .badge")).to_have_text("succeeded")

    with page.expect_download() as download:
        page.get_by_role("link", name="Rows that were left out, as CSV").click()
    assert "nonsense(" in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Open its fragments").click()
    expect(page.locator("#results tbody tr").first).to_be_visible()
    expect(page.locator("#results img.structure").first).to_be_visible()


@pytest.mark.slow
def test_a_table_that_leaves_something_open_is_answered_by_a_press(page: Page, tmp_path: Path) -> None:
    table = tmp_path / "open.csv"
    table.write_text("smiles,dose\nCCO,5\nCC,6\nCCC,0.1\n")
    page.get_by_label("Drop a file here, or choose one").set_input_files(table)
    expect(page.locator("#data-plan")).to_contain_text("The data cannot be used")
    page.get_by_role("link", name="dose is a target").click()
    expect(page.locator("#data-plan")).to_contain_text("1 targets")
