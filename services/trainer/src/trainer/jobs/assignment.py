"""An assignment: everything a process needs to work off one attempt of a job, as files in a directory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from trainer.runs.spec import RunSpec
from trainer.settings import Settings

__all__ = ["Assignment", "JobDirectory"]

_FILE: Final = "assignment.json"


class Assignment(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    spec: RunSpec
    settings: Settings


@dataclass(frozen=True)
class JobDirectory:
    """`<state>/jobs/<job>`: what outlives a job's processes."""

    root: Path

    @property
    def events(self) -> Path:
        """JSON Lines, appended by every attempt."""
        return self.root / "events.jsonl"

    @property
    def log(self) -> Path:
        """Standard output and error of every attempt."""
        return self.root / "log.txt"

    def assign(self, assignment: Assignment) -> None:
        """Make the directory and write the assignment as a whole."""
        self.root.mkdir(parents=True, exist_ok=True)
        fresh = self.root / f"{_FILE}.new"
        fresh.write_text(assignment.model_dump_json(by_alias=True))
        fresh.replace(self.root / _FILE)

    def assignment(self) -> Assignment:
        """What was assigned last."""
        return Assignment.model_validate_json((self.root / _FILE).read_text())
