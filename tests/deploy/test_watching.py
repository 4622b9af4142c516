"""The dashboard and the alerts: by value, in PromQL that parses, of metrics that the services have."""

import importlib
import json
from collections.abc import Iterator
from typing import Any, Final

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry
from tests.support.helm import CHART, Answer, Question, ask
from tools import openapi

ON: Final[dict[str, Any]] = {
    "dashboard": {"enabled": True},
    "alerts": {"enabled": True, "labels": {"release": "prometheus"}, "runAgeDays": 7},
}
OTHERS: Final = {"namespace"}
"""Labels that Prometheus adds, beside `service` and `pod`."""


@pytest.fixture(scope="module")
def answers() -> tuple[Answer, Answer]:
    on, off = ask([Question(ON), Question({})])
    return on, off


@pytest.fixture(scope="module")
def offered() -> set[str]:
    """The names under which the four services offer samples."""
    names = set()
    for module in openapi.APPLICATIONS.values():
        settings = importlib.import_module(f"{module.split('.', maxsplit=1)[0]}.settings").Settings()
        registry: CollectorRegistry = importlib.import_module(module).create_app(settings).state.metrics
        names |= set(registry._names_to_collectors)  # noqa: SLF001 - there is no public list of what has no samples yet
    return names


def _expressions(answer: Answer) -> Iterator[str]:
    dashboard = json.loads(answer.kind("ConfigMap")["ntdemo-dashboard"]["data"]["ntdemo.json"])
    for panel in dashboard["panels"]:
        yield from (target["expr"].replace("$namespace", "ntdemo") for target in panel["targets"])
    (rules,) = answer.kind("PrometheusRule").values()
    for group in rules["spec"]["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def _selectors(node: Any) -> Iterator[promql_parser.VectorSelector]:
    match node:
        case promql_parser.VectorSelector():
            yield node
        case promql_parser.MatrixSelector():
            yield node.vector_selector
        case promql_parser.BinaryExpr():
            yield from (*_selectors(node.lhs), *_selectors(node.rhs))
        case promql_parser.Call():
            for argument in node.args:
                yield from _selectors(argument)
        case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from _selectors(node.expr)


def test_neither_is_made_unless_it_is_asked_for(answers: tuple[Answer, Answer]) -> None:
    on, off = answers
    assert on.refused is None
    assert on.findings == []
    assert "PrometheusRule" not in {found["kind"] for found in off.objects}
    assert "ntdemo-dashboard" not in off.kind("ConfigMap")


def test_the_dashboard_is_found_by_its_label_and_is_what_the_chart_holds(answers: tuple[Answer, Answer]) -> None:
    made = answers[0].kind("ConfigMap")["ntdemo-dashboard"]
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    dashboard = json.loads(made["data"]["ntdemo.json"])
    assert dashboard == json.loads((CHART / "files" / "dashboard.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]}
    assert len(places) == len(dashboard["panels"])


def test_every_expression_parses_and_asks_for_metrics_that_a_service_offers(
    answers: tuple[Answer, Answer], offered: set[str]
) -> None:
    expressions = list(_expressions(answers[0]))
    assert len(expressions) > 15
    for expression in expressions:
        selectors = list(_selectors(promql_parser.parse(expression)))
        assert selectors, expression
        for selector in selectors:
            assert selector.name in offered, expression
            assert 'namespace="ntdemo"' in expression


def test_every_alert_says_how_bad_it_is_and_what_to_do(answers: tuple[Answer, Answer]) -> None:
    (rules,) = answers[0].kind("PrometheusRule").values()
    assert rules["metadata"]["labels"]["release"] == "prometheus"
    alerts = rules["spec"]["groups"][0]["rules"]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) == 5
    for rule in alerts:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}
    assert "604800" in next(rule["expr"] for rule in alerts if rule["alert"] == "NtdemoRunIsOld")


def test_values_are_refused_that_no_rule_can_have() -> None:
    (answer,) = ask([Question({"alerts": {"failedShare": 2}})])
    assert answer.refused is not None
    assert "failedShare" in answer.refused


def test_the_alerts_that_are_off_by_default_are_left_out() -> None:
    (answer,) = ask([Question({"alerts": {"enabled": True}})])
    text = next(text for name, text in answer.texts.items() if name.endswith("watching/alerts.yaml"))
    assert "NtdemoRunIsOld" not in text
    assert yaml.safe_load(text)["kind"] == "PrometheusRule"
