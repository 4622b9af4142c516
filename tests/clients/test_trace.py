"""One question, followed through everything that works on it."""

import json

import httpx
import pytest
from tests.support.stack import Stack

_TRACE, _CALLER = "5bd66ef5095369c7b0d1f8f4bd33716a", "c532cb4098ac3dd2"
_CHAT = "ntdemo-chatbot POST /v1/chat/completions"
_HANDED_IN, _JOB = "ntdemo-trainer POST /v1/jobs", "ntdemo-trainer job"


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.spark
def test_a_trace_is_seen_in_the_chatbot_the_scores_api_the_trainer_and_the_job(stack: Stack) -> None:
    asked = {"model": "ntdemo-en", "messages": [{"role": "user", "content": "what is like fB?"}]}
    spec = {"spec": {"kind": "factors", "sources": ["built-in"], "rank": 1}}
    with httpx.Client(trust_env=False, timeout=60, headers={"traceparent": f"00-{_TRACE}-{_CALLER}-01"}) as client:
        assert client.post(f"{stack.urls['chatbot']}/v1/chat/completions", json=asked).status_code == 200
        assert client.post(f"{stack.urls['trainer']}/v1/jobs", json=spec).status_code == 202
    spans = stack.collector.of(_TRACE, _CHAT, _HANDED_IN, _JOB)
    assert spans[_CHAT].parent_id == spans[_HANDED_IN].parent_id == _CALLER
    assert spans[_JOB].parent_id == spans[_HANDED_IN].span_id
    lookups = [span for name, span in spans.items() if name.startswith("ntdemo-scores-api GET /v1/fragments")]
    assert lookups
    assert {span.parent_id for span in lookups} == {spans[_CHAT].span_id}
    told = [json.loads(line) for line in stack.logs["trainer"].read_text().splitlines() if line.startswith("{")]
    handed_in = [each for each in told if each.get("trace_id") == _TRACE and each.get("path") == "/v1/jobs"]
    assert [each["event"] for each in handed_in] == ["write", "request"]
    assert {each["span_id"] for each in handed_in} == {spans[_HANDED_IN].span_id}
