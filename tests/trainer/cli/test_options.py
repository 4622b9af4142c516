"""Whatever a message names, who typed a command is told the option that he can type."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

import trainer
from trainer.cli import app
from trainer.cli.options import option_names, with_options
from trainer.runs.ingest import IngestOptions
from trainer.runs.spec import BotSpec, FactorsSpec

SOURCES = Path(trainer.__file__).parent
WITHOUT_OPTION = {"kind", "ingest"}
"""`kind` is the command, `ingest` holds members of its own."""


def _options(command: str) -> dict[str, str]:
    group = typer.main.get_command(app)
    return option_names(typer.Context(group.commands[command]))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("command", "models"), [("factors", (FactorsSpec, IngestOptions)), ("dialogue", (BotSpec,))], ids=["factors", "dialogue"]
)
def test_every_member_of_a_spec_has_an_option(command: str, models: tuple[type[BaseModel], ...]) -> None:
    members = {name for model in models for name in model.model_fields}
    assert members - _options(command).keys() <= WITHOUT_OPTION


def test_members_become_options_and_everything_else_stays() -> None:
    options = _options("factors")
    told = with_options(
        "name it with smiles_column (there are x, on_target), or `holdout` time; `sources` of /a/on_error.csv", options
    )
    assert told == "name it with --smiles-column (there are x, on_target), or --holdout time; --data of /a/on_error.csv"


def _messages() -> Iterator[str]:
    """The texts of the trainer's errors and offences, wherever they are written."""
    for path in SOURCES.rglob("*.py"):
        if path.is_relative_to(SOURCES / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            told = [node.exc] if isinstance(node, ast.Raise) and node.exc is not None else []
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"Offence", "Failure", "_missing"}
            ):
                told.append(node)
            for part in (part for each in told for part in ast.walk(each)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_no_message_leaves_the_name_of_a_member_that_has_an_option() -> None:
    options = {name: option for command in ("factors", "dialogue") for name, option in _options(command).items()}
    members = [name for name in options if "_" in name]
    naming = [message for message in _messages() if any(re.search(rf"\b{name}\b", message) for name in members)]
    assert naming
    left = [message for message in naming if any(re.search(rf"\b{name}\b", with_options(message, options)) for name in members)]
    assert left == []


def test_no_message_that_callers_over_http_read_names_an_option() -> None:
    assert [message for message in _messages() if re.search(r"(?<!\S)--[a-z]", message)] == []
