"""What jobs ask of the store: which runs are published, and that leftovers of killed ones go."""

from typing import Protocol

from trainer.runs.spec import FactorsSpec

__all__ = ["PublishedRuns"]


class PublishedRuns(Protocol):
    """The published runs. Calls take long and are made in threads."""

    def published(self, run: str) -> bool:
        """Do readers see this run?"""

    def run_of(self, spec: FactorsSpec) -> str | None:
        """The newest run made as `spec` says of the data that it names, as they are now; None where none is published."""

    def recover(self) -> None:
        """Remove whatever no publication names; waits for a publication that is under way."""
