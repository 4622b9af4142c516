import json
import logging

import pytest
import structlog

from servicekit import logs


def fail() -> None:
    secret = "hunter2"  # noqa: S105 - what must not appear in a log
    raise ValueError(f"{len(secret)} characters")


def test_json_events_are_one_object_a_line_with_their_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    structlog.stdlib.get_logger("trainer").info("run_published", run="r1", fragments=5)
    event = json.loads(capsys.readouterr().err)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "run_published", "run": "r1", "fragments": 5, "level": "info", "logger": "trainer"}


def test_text_events_name_event_logger_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "info")
    structlog.stdlib.get_logger("trainer").info("run_published", run="r1", fragments=5)
    line = capsys.readouterr().err
    assert all(part in line for part in ("run_published", "[trainer]", "run=r1", "fragments=5"))


@pytest.mark.parametrize("format_", ["text", "json"])
def test_records_of_the_standard_library_look_the_same(format_: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format_, "info")
    logging.getLogger("uvicorn.error").warning("Invalid request [%d]", 7, extra={"color_message": "\x1b[36m"})
    line = capsys.readouterr().err
    assert "Invalid request [7]" in line
    assert "color_message" not in line
    assert line.count("\n") == 1


def test_what_lies_under_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "warning")
    structlog.stdlib.get_logger("x").info("quiet")
    logging.getLogger("x").info("quiet")
    structlog.stdlib.get_logger("x").warning("loud")
    assert "quiet" not in (said := capsys.readouterr().err)
    assert "loud" in said


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_traceback_shows_no_local_variables(format_: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format_, "info")
    try:
        fail()
    except ValueError:
        structlog.stdlib.get_logger("x").exception("failed")
    said = capsys.readouterr().err
    assert "ValueError: 7 characters" in said
    assert "hunter2" not in said


def test_events_of_a_request_carry_its_id_and_later_ones_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    with logs.RequestContext("abc"):
        structlog.stdlib.get_logger("x").info("inside")
    structlog.stdlib.get_logger("x").info("outside")
    inside, outside = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert inside["request_id"] == "abc"
    assert "request_id" not in outside


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        logs.configure("text", "loud")
