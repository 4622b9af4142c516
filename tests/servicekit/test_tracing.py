"""One trace through everything that works on a question."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from servicekit import logs, telemetry, tracing
from servicekit.tracing import Trace, TraceContext

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
STATED = f"00-{TRACE}-{SPAN}-01"


def test_a_stated_trace_is_continued_by_a_span_of_its_own() -> None:
    trace = Trace.continued(STATED)
    assert (trace.trace_id, trace.parent_id, trace.sampled) == (TRACE, SPAN, True)
    assert trace.span_id != SPAN
    assert trace.header() == f"00-{TRACE}-{trace.span_id}-01"
    assert Trace.continued(f"00-{TRACE}-{SPAN}-00").sampled is False


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert Trace.continued(f"cc-{TRACE}-{SPAN}-01-what-will-be").trace_id == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_what_states_no_trace_begins_one(header: str | None) -> None:
    trace = Trace.continued(header)
    assert trace.trace_id not in {TRACE, "0" * 32}
    assert trace.parent_id is None
    assert Trace.continued(trace.header()).trace_id == trace.trace_id


def test_a_client_of_another_service_passes_the_current_trace_on() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    async def ask() -> None:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(transport=transport, **tracing.propagating()) as client:
            await client.get("http://api/")
            with TraceContext(Trace.continued(STATED)) as trace:
                await client.get("http://api/")
            assert asked[1].headers["traceparent"] == trace.header()

    asyncio.run(ask())
    assert "traceparent" not in asked[0].headers


def test_work_that_is_done_later_continues_the_trace_that_was_kept(tmp_path: Path) -> None:
    with TraceContext(Trace.continued(STATED)) as asked:
        tracing.keep(tmp_path / "job")
    later = tracing.kept(tmp_path / "job")
    assert (later.trace_id, later.parent_id) == (TRACE, asked.span_id)
    assert tracing.kept(tmp_path / "other").parent_id is None


@pytest.fixture
def collected() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    with telemetry.collecting(telemetry.Spans("ntdemo-test", "1.0", SimpleSpanProcessor(exporter))):
        yield exporter


def test_a_request_is_a_span_of_its_caller_s_trace(client: TestClient, collected: InMemorySpanExporter) -> None:
    client.get("/limited/a", headers={"traceparent": STATED})
    client.get("/broken", headers={"traceparent": STATED})
    client.get("/limited/a", headers={"traceparent": STATED[:-1] + "0"})
    client.get("/healthz", headers={"traceparent": STATED})
    good, broken = collected.get_finished_spans()
    assert good.name == "GET /limited/{name}"
    assert good.parent is not None
    assert good.context is not None
    assert (f"{good.context.trace_id:032x}", f"{good.parent.span_id:016x}") == (TRACE, SPAN)
    assert good.resource.attributes["service.name"] == "ntdemo-test"
    assert good.attributes is not None
    assert good.attributes["http.response.status_code"] == 200
    assert (good.status.is_ok, broken.status.is_ok) == (True, False)


def test_nothing_is_collected_unless_the_environment_names_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    with telemetry.configure("ntdemo-test", "1.0"):
        assert telemetry.spans() is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with telemetry.configure("ntdemo-test", "1.0"):
        assert telemetry.spans() is not None
    assert telemetry.spans() is None


def test_a_collector_without_the_extra_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SystemExit), telemetry.configure("ntdemo-test", "1.0"):
        pass
    assert "ntdemo-shared[otel]" in capsys.readouterr().err


@pytest.mark.parametrize(("format_", "told"), [("json", True), ("text", False)])
def test_events_for_machines_carry_the_trace(format_: Any, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    logs.configure(format_, "info")
    with TraceContext(Trace.continued(STATED)) as trace:
        structlog.stdlib.get_logger("test").info("something_done")
        logging.getLogger("library").warning("plain")
        structlog.reset_defaults()
    lines = written.getvalue().splitlines()
    if told:
        assert [(json.loads(line)["trace_id"], json.loads(line)["span_id"]) for line in lines] == [(TRACE, trace.span_id)] * 2
    assert (TRACE in written.getvalue()) is told
