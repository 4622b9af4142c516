"""Runs and bots on their page, in a real browser before the trainer's own registry: named, compared, promoted, rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.support.browser import Visit, axe_script, faults
from tests.support.hands import Keyboard, Mouse
from tests.support.ports import free_ports
from tests.support.registered import RegisteringTrainer
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher, five_fragments
from tests.viz.conftest import viz_environment

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIRST, SECOND, BOT = "factors-20261123T120000Z-aaaaaa", "factors-20261123T120001Z-bbbbbb", "dialogue-20261123T120002Z-cccccc"


@dataclass(frozen=True)
class Pages:
    """viz, and the services that it asks."""

    dash: str
    scores: str
    trainer: str

    def current(self) -> str:
        """The run that answers where none is named."""
        return str(self.ask(f"{self.scores}/v1/runs/current")["id"])

    def run(self, run: str) -> dict[str, Any]:
        """What is said of a run."""
        return self.ask(f"{self.scores}/v1/runs/{run}")

    def aliases(self) -> dict[str, Any]:
        """What every alias names."""
        return {each["alias"]: each["run"] for each in self.ask(f"{self.trainer}/v1/aliases")["items"]}

    def ask(self, url: str) -> dict[str, Any]:
        """What a service answers."""
        found: dict[str, Any] = httpx.get(url, trust_env=False).json()
        return found


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    """Two runs of the same data, the second newer, current and worse on the same cells; and a bot."""
    publisher = Publisher(tmp_path / "state")
    publisher.publish(replace(five_fragments(), metrics={"rmse": 0.5, "seconds": 2.0}), run=FIRST)
    publisher.publish(replace(five_fragments().scaled(4.0), metrics={"rmse": 0.75, "seconds": 1.0}), run=SECOND)
    publisher.publish_files("dialogue-ja", BOT, {"weights.npz": b"none"})
    scores_port, dash_port, bokeh_port = free_ports(3)
    scores_url, dash_url = f"http://127.0.0.1:{scores_port}", f"http://127.0.0.1:{dash_port}"
    environment = {"NTDEMO_STATE": str(publisher.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(scores_port)}
    with (
        RegisteringTrainer(publisher.state) as trainer,
        Served("ntdemo-scores-api", tmp_path / "api.log", environment, scores_url) as scores,
    ):
        wait_until_ready(scores)
        told = viz_environment(scores_url, dash_port, bokeh_port) | {"TRAINER_PORT": str(trainer.port)}
        with Served("ntdemo-viz", tmp_path / "viz.log", told, dash_url) as viz:
            wait_until_ready(viz)
            yield Pages(dash_url, scores_url, f"http://127.0.0.1:{trainer.port}")
        assert "callback_failed" not in viz.log.read_text()


@pytest.mark.slow
def test_two_runs_are_compared_one_is_promoted_and_taken_back(pages: Pages, visit: Visit, hands: Mouse | Keyboard) -> None:
    page = visit.go(f"{pages.dash}/training")
    runs, edit = page.locator("#runs-view"), page.locator("#run-form")
    expect(runs.get_by_role("row", name="20261123T120001Z-bbbbbb").locator(".alias")).to_have_text("current")
    hands.press(runs.get_by_role("row", name="aaaaaa").get_by_role("link", name="Compare"))
    shown = page.locator("#run-view")
    expect(shown.locator("h2")).to_have_text(f"{SECOND} beside {FIRST}")
    expect(shown).to_contain_text("Both learned from the same data: built-in.")
    expect(shown.get_by_role("row", name="RMSE")).to_contain_text("0.500 better")
    told = pages.ask(f"{pages.scores}/v1/runs/compare?a={SECOND}&b={FIRST}")
    assert isinstance(told["kept"], float)
    expect(shown).to_contain_text(f"{100 * told['kept']:.1f} % stayed")
    expect(shown.locator("#curve-graph .scatterlayer .trace")).to_have_count(2)

    hands.press(runs.get_by_role("link", name="20261123T120000Z-aaaaaa"))
    expect(edit.locator("h3")).to_contain_text("aaaaaa")
    hands.press(edit.get_by_role("button", name="Let it name this run"))
    expect(page.locator("#run-told")).to_have_text(f"current names {FIRST} from now on.")
    expect(runs.get_by_role("row", name="aaaaaa").locator(".alias")).to_have_text("current")
    assert pages.current() == FIRST
    hands.press(edit.get_by_role("button", name="Roll it back"))
    expect(page.locator("#run-told")).to_have_text(f"current names {SECOND} again.")
    expect(runs.get_by_role("row", name="bbbbbb").locator(".alias")).to_have_text("current")
    assert pages.current() == SECOND


@pytest.mark.slow
def test_a_run_is_named_tagged_noted_pinned_and_deleted(pages: Pages, visit: Visit, hands: Mouse | Keyboard) -> None:
    page = visit.go(f"{pages.dash}/training?run={FIRST}")
    edit, told, row = page.locator("#run-form"), page.locator("#run-told"), page.locator("#runs-view tbody tr.chosen")
    hands.write(edit.get_by_label("Name", exact=True), "kinases, December")
    hands.write(edit.get_by_label("Tags"), "good, shared")
    hands.write(edit.get_by_label("Note", exact=True), "without the outliers of plate 7")
    hands.press(edit.get_by_role("button", name="Save name, tags and note"))
    expect(told).to_have_text("Saved.")
    expect(edit.get_by_role("button", name="Save name, tags and note")).to_be_focused()
    expect(row.get_by_role("link", name="kinases, December")).to_be_visible()
    expect(row.locator(".badge")).to_have_text(["good", "shared"])
    expect(row).to_contain_text("without the outliers of plate 7")
    said = pages.run(FIRST)
    assert (said["name"], said["tags"]) == ("kinases, December", ["good", "shared"])
    assert said["note"] == "without the outliers of plate 7"

    hands.press(edit.get_by_role("button", name="Pin", exact=True))
    expect(told).to_have_text("It is pinned: it cannot be deleted.")
    hands.press(edit.locator("summary", has_text="Delete this run"))
    hands.press(edit.get_by_role("button", name="Delete it"))
    expect(told).to_contain_text("is pinned: unpin it first.")
    hands.press(edit.get_by_role("button", name="Unpin"))
    expect(told).to_have_text("It is pinned no more.")
    hands.press(edit.get_by_role("button", name="Delete it"))
    expect(told).to_have_text(f"{FIRST} is deleted.")
    expect(page.locator("#runs-view tbody tr")).to_have_count(1)
    expect(page.locator("#run-view")).to_contain_text("Choose another one above or go back.")
    assert httpx.get(f"{pages.scores}/v1/runs/{FIRST}", trust_env=False).status_code == 410
    assert [complaint for complaint in visit.complaints if "410" not in complaint] == []


def test_what_is_in_use_or_taken_is_refused_in_words(pages: Pages, visit: Visit) -> None:
    page = visit.go(f"{pages.dash}/training")
    edit, told = page.locator("#run-form"), page.locator("#run-told")
    edit.locator("summary", has_text="Delete this run").click()
    edit.get_by_label("Name", exact=True).fill("current")
    edit.get_by_role("button", name="Delete it").click()
    expect(told).to_contain_text(f"{SECOND} is what current names: let it name another run first.")
    expect(edit.get_by_label("Name", exact=True)).to_have_value("current")
    edit.get_by_role("button", name="Save name, tags and note").click()
    expect(told).to_contain_text("stands for")
    edit.get_by_label("Alias", exact=True).fill("released")
    edit.get_by_role("button", name="Roll it back").click()
    expect(told).to_contain_text("released")


def test_what_is_typed_stays_and_what_others_say_is_not_overwritten(pages: Pages, visit: Visit) -> None:
    page = visit.go(f"{pages.dash}/training?run={SECOND}")
    edit, told = page.locator("#run-form"), page.locator("#run-told")
    edit.get_by_label("Tags").fill("mine")
    others = {"note": "of somebody else"}
    httpx.patch(f"{pages.trainer}/v1/runs/{SECOND}", json=others, trust_env=False).raise_for_status()
    edit.get_by_role("button", name="Pin", exact=True).click()
    expect(edit.get_by_role("button", name="Unpin")).to_be_visible()  # the page has been told anew
    expect(edit.get_by_label("Tags")).to_have_value("mine")
    edit.get_by_role("button", name="Save name, tags and note").click()
    expect(told).to_have_text("Saved.")
    expect(page.locator("#runs-view tbody tr.chosen .badge:not(.alias)")).to_have_text(["mine"])
    said = pages.run(SECOND)
    assert (said["tags"], said["note"]) == (["mine"], "of somebody else")
    edit.get_by_label("Tags").fill("")
    edit.get_by_role("button", name="Save name, tags and note").click()
    expect(page.locator("#runs-view tbody tr.chosen .badge:not(.alias)")).to_have_count(0)
    edit.get_by_role("button", name="Unpin").click()
    expect(told).to_have_text("It is pinned no more.")


@pytest.mark.slow
def test_an_alias_that_somebody_else_has_moved_is_not_moved_again(pages: Pages, visit: Visit) -> None:
    page = visit.go(f"{pages.dash}/training?run={FIRST}")
    edit = page.locator("#run-form")
    edit.get_by_label("Alias", exact=True).fill("released")
    edit.get_by_role("button", name="Let it name this run").click()
    expect(page.locator("#run-told")).to_have_text(f"released names {FIRST} from now on.")
    expect(edit.get_by_role("row", name="released")).to_contain_text(FIRST)
    httpx.put(f"{pages.trainer}/v1/aliases/released", json={"run": SECOND}, trust_env=False).raise_for_status()
    edit.get_by_label("Alias", exact=True).fill("released")
    edit.get_by_role("button", name="Take it away").click()
    expect(page.locator("#run-told")).to_contain_text(SECOND)
    assert pages.aliases()["released"] == SECOND
    edit.get_by_label("Alias", exact=True).fill("released")
    edit.get_by_role("button", name="Take it away").click()
    expect(page.locator("#run-told")).to_have_text("There is no alias released any more.")


@pytest.mark.slow
def test_a_bot_is_promoted_and_rolled_back(pages: Pages, visit: Visit, hands: Mouse | Keyboard) -> None:
    page = visit.go(f"{pages.dash}/training")
    edit, told = page.locator("#bot-form"), page.locator("#bot-told")
    hands.press(page.locator("#bots-view").get_by_role("link", name=BOT))
    expect(edit.get_by_label("Alias", exact=True)).to_have_value("ntdemo-ja")
    expect(edit.get_by_role("row", name="ntdemo-ja")).to_contain_text("the shipped bot")
    hands.press(edit.locator("summary", has_text="Promote without measuring"))
    hands.press(edit.get_by_role("button", name="Promote it"))
    expect(told).to_have_text(f"ntdemo-ja names {BOT} from now on.")
    expect(page.locator("#bots-view .alias")).to_have_text("ntdemo-ja")
    assert pages.aliases()["ntdemo-ja"] == BOT
    hands.press(edit.get_by_role("button", name="Roll it back"))
    expect(told).to_have_text("ntdemo-ja names the shipped bot again.")
    expect(page.locator("#bots-view .alias")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (1440, "dark"), (390, "light")])
def test_the_page_with_its_forms_fits_the_screen_and_passes_axe(
    pages: Pages, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{pages.dash}/training?run={FIRST}&beside={SECOND}&bot={BOT}&table=shown")
    expect(page.locator("#run-form").get_by_role("button", name="Roll it back")).to_be_visible(timeout=60_000)
    expect(page.locator("#bot-form").get_by_role("button", name="Roll it back")).to_be_visible(timeout=60_000)
    for summary in page.locator("summary", has_text="…").all():
        summary.click()
    assert faults(page, axe_script(tmp_path)) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
