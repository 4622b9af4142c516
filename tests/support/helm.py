"""Helm in a process of its own, since its library brings Go's runtime: `ask` renders and lints the chart for several values."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["CHART", "Answer", "Question", "ask"]

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "ntdemo"


@dataclass(frozen=True)
class Question:
    """Values to render the chart with, as an install or an upgrade of the release `release`."""

    values: Mapping[str, Any] = field(default_factory=dict)
    release: str = "ntdemo"
    upgrade: bool = False


@dataclass(frozen=True)
class Answer:
    """What Helm said."""

    refused: str | None
    """Why the values are not accepted or not rendered."""
    findings: list[str]
    """What `helm lint --strict` found, but for the advice to have an icon."""
    texts: dict[str, str]
    """Template -> what it rendered to."""

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The rendered objects, hooks included."""
        texts = [text for name, text in self.texts.items() if name.endswith(".yaml")]
        return [document for text in texts for document in yaml.safe_load_all(text) if document]

    def kind(self, kind: str) -> dict[str, dict[str, Any]]:
        """The objects of a kind by name."""
        return {found["metadata"]["name"]: found for found in self.objects if found["kind"] == kind}


def ask(questions: Sequence[Question]) -> list[Answer]:
    """Helm's answers."""
    request = json.dumps([asdict(question) for question in questions])
    answered = subprocess.run(
        [sys.executable, __file__], input=request, capture_output=True, text=True, check=True, timeout=120
    )
    return [Answer(**answer) for answer in json.loads(answered.stdout)]


def _answer(values: Mapping[str, Any], release: str, *, upgrade: bool) -> Answer:
    from helm_python.chart import Chart, lint  # noqa: PLC0415 - in this process alone
    from helm_python.errors import HelmError  # noqa: PLC0415 - the same

    report = lint(str(CHART), dict(values), strict=True, namespace=release)
    findings = [f"{one['path']}: {one['error']}" for one in report["messages"] if "icon is recommended" not in one["error"]]
    try:
        with Chart.load(str(CHART)) as chart:
            texts = chart.render(dict(values), name=release, namespace=release, is_install=not upgrade, is_upgrade=upgrade)
    except HelmError as error:
        return Answer(str(error), findings, {})
    return Answer(None, findings, texts)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump([asdict(_answer(one["values"], one["release"], upgrade=one["upgrade"])) for one in asked], sys.stdout)
