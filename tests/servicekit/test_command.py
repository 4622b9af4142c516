import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from servicekit.command import load_settings, service_arguments


class Settings(BaseSettings):
    model_config = SettingsConfigDict(use_attribute_docstrings=True, env_ignore_empty=True)

    port: Annotated[int, Field(validation_alias="KETTLE_PORT", ge=1)] = 3030
    """Where it
    listens."""
    key: Annotated[SecretStr | None, Field(alias="KETTLE_KEY")] = None
    url: str = Field(
        validation_alias=AliasChoices("KETTLE_URL", "STOVE_URL"), default_factory=lambda given: f"http://kettle:{given['port']}"
    )
    places: Annotated[tuple[str, ...], Field(validation_alias="KETTLE_PLACES")] = ("a", "b")


def test_help_lists_every_variable_with_its_default_and_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        service_arguments("ntdemo-shared", Settings, ["--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert "  KETTLE_PORT (default: 3030)\n      Where it listens.\n" in shown
    assert "  KETTLE_KEY (default: unset)\n" in shown
    assert "  KETTLE_URL (default: http://kettle:3030)\n" in shown
    assert "  KETTLE_PLACES (default: a,b)\n" in shown


def test_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        service_arguments("ntdemo-shared", Settings, ["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"ntdemo-shared {version('ntdemo-shared')}\n")


@pytest.mark.parametrize("argument", ["--port=1", "8080", "--vers"])
def test_any_other_argument_is_refused_with_status_2(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        service_arguments("ntdemo-shared", Settings, [argument])
    assert end.value.code == 2
    assert argument in capsys.readouterr().err


def test_no_argument_is_taken_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    service_arguments("ntdemo-shared", Settings, [])
    assert capsys.readouterr() == ("", "")


def test_a_wrong_value_ends_with_one_sentence_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KETTLE_PORT", "0")
    with pytest.raises(SystemExit) as end:
        load_settings(Settings)
    assert end.value.code == 2
    assert capsys.readouterr().err == "KETTLE_PORT='0' is not usable: input should be greater than or equal to 1.\n"


@pytest.mark.slow
@pytest.mark.parametrize("prog", ["ntdemo-scores-api", "ntdemo-trainer", "ntdemo-viz", "ntdemo-chatbot"])
def test_every_server_answers_help_and_version_without_serving(prog: str, tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name(prog))
    for argument, expected in (("--help", "NTDEMO_LOG_LEVEL (default: info)"), ("--version", f"{prog} {version(prog)}\n")):
        end = subprocess.run([command, argument], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (end.returncode, end.stderr) == (0, "")
        assert expected in end.stdout
    assert not list(tmp_path.iterdir()), "nothing was served, so nothing was made"
