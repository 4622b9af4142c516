"""What strangers are told: how to cite, report, ask and contribute."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.support.deployed import VERSION

ROOT: Final = Path(__file__).parents[2]
GITHUB: Final = ROOT / ".github"
FORMS: Final = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
INPUTS: Final = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
PROJECTS: Final = ("shared", "services/trainer", "services/scores-api", "services/viz", "services/chatbot")
PYTHONS: Final = ("3.11", "3.12", "3.13")


def read(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def test_a_citation_names_this_version_its_date_and_licence() -> None:
    cited = read(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "type", "authors"} <= cited.keys()
    assert cited["cff-version"] == "1.2.0"
    assert all(author.keys() & {"name", "family-names"} for author in cited["authors"])
    assert (cited["version"], cited["license"]) == (project("services/trainer")["version"], "Apache-2.0")
    assert isinstance(cited["date-released"], date)
    released = f"## {cited['version']} – {cited['date-released']}"
    assert released in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_shows(form: Path) -> None:
    asked = read(form)
    assert asked["name"]
    assert asked["description"]
    assert {element["type"] for element in asked["body"]} <= INPUTS
    ids = [element["id"] for element in asked["body"]]
    assert len(ids) == len(set(ids))
    assert all(element["attributes"]["label"] for element in asked["body"])
    assert any(element.get("validations", {}).get("required") for element in asked["body"])


def test_updates_are_asked_for_wherever_something_is_pinned() -> None:
    updates = read(GITHUB / "dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "github-actions", "docker"}
    for update in updates:
        for pattern in update.get("directories", [update.get("directory")]):
            assert list(ROOT.glob(pattern.strip("/") or ".github")), pattern


@pytest.mark.parametrize("name", PROJECTS)
def test_every_distribution_names_the_pythons_that_ci_tests(name: str) -> None:
    about = project(name)
    assert about["requires-python"] == ">=3.11,<3.14"
    assert about["classifiers"] == [f"Programming Language :: Python :: {version}" for version in PYTHONS]
    quick = read(GITHUB / "workflows" / "ci.yml")["jobs"]["quick"]
    assert quick["strategy"]["matrix"]["python"] == list(PYTHONS)


def test_distributions_chart_and_images_have_one_version() -> None:
    assert {project(name)["version"] for name in PROJECTS} == {VERSION}
    chart = read(ROOT / "deploy" / "helm" / "ntdemo" / "Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("compose*.yaml"), *ROOT.glob("docs/guides/deploy-*.md")]
    )
    assert set(re.findall(r"ntdemo/[\w$-]+:(\d[\d.]*\d)", written)) == {VERSION}


@pytest.mark.parametrize("name", ["SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", ".github/pull_request_template.md"])
def test_a_document_names_only_files_and_targets_that_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert {target for target in re.findall(r"make ([a-z0-9-]+)", text) if target not in targets} == set()
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / name).parent.joinpath(path).exists(), path
