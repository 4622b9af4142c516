"""The chart, rendered once for every set of values."""

from typing import Any

import pytest
import yaml
from tests.support.chart import EXAMPLES, GPU, OTHERS, REFUSED
from tests.support.helm import CHART, Answer, Question, ask


@pytest.fixture(scope="session")
def rendered() -> dict[str, Answer]:
    examples = {name: yaml.safe_load((CHART / "examples" / f"{name}.yaml").read_text()) for name in EXAMPLES}
    values: dict[str, dict[str, Any]] = {"default": {}, **examples, **GPU, **OTHERS, **REFUSED}
    upgrades = {
        "upgrade": Question({}, release="other", upgrade=True),
        "tainted upgrade": Question(OTHERS["tainted"], upgrade=True),
        "tainted, shared upgrade": Question(OTHERS["tainted, shared"], upgrade=True),
    }
    questions = [Question(one) for one in values.values()] + list(upgrades.values())
    return dict(zip([*values, *upgrades], ask(questions), strict=True))


@pytest.fixture
def accepted(rendered: dict[str, Answer]) -> dict[str, Answer]:
    return {name: answer for name, answer in rendered.items() if name not in REFUSED}
