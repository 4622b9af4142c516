"""An assignment: everything a process needs to work off one attempt of a job, as files in a directory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from trainer.runs.spec import RunSpec
from trainer.settings import Settings

__all__ = ["Assignment", "JobDirectory", "Place"]

_FILE: Final = "assignment.json"


class Place(BaseModel):
    """Where it is to be done: a device, or a share of one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    """The device's name among all."""
    computes_on: str
    """PyTorch's name of it in the job's process, which sees no other GPU: `cpu` or `cuda`."""
    memory_bytes: int
    """The job's share of the device's memory."""
    environment: dict[str, str]
    """What binds the job's process to the device and its share."""


class Assignment(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    spec: RunSpec
    settings: Settings
    place: Place | None = None
    """None leaves the choice to the process."""
    time_left_s: float | None = None
    """How long it may last; None sets no limit."""


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

    def revoke(self) -> None:
        """Take the assignment back: whoever still works on it publishes nothing."""
        (self.root / _FILE).unlink(missing_ok=True)

    def is_assigned(self, run: str) -> bool:
        """Is `run` still to be made?"""
        try:
            return self.assignment().run == run
        except FileNotFoundError:
            return False
