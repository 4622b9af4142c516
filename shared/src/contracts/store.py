"""The store: where published tables and artifacts lie under the state directory.

Only the trainer writes here; only the scores API reads. A publication is visible from the moment its commit file exists in
the Delta log of the `publications` table: that file is the one atomic step readers see.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Store"]

_COMMIT: Final = re.compile(r"^(\d{20})\.json$")


@dataclass(frozen=True)
class Store:
    """Paths of one store, `<state>/store`."""

    root: Path

    @classmethod
    def under(cls, state: Path) -> "Store":
        """The store of a state directory (`NTDEMO_STATE`)."""
        return cls(Path(state) / "store")

    def table(self, name: str) -> Path:
        """Root of a Delta table, which may not exist yet."""
        return self.root / "tables" / name

    def artifact(self, name: str, version: str) -> Path:
        """Directory of one artifact version: `manifest.json` beside the files it lists."""
        return self.root / "artifacts" / name / version

    @property
    def publications_log(self) -> Path:
        """The Delta log whose newest commit is the store's version."""
        return self.table("publications") / "_delta_log"

    def publications_commit(self, version: int) -> Path:
        """The commit file of a version of the publications table (Delta protocol: 20 digits)."""
        return self.publications_log / f"{version:020d}.json"

    def versions(self) -> list[int]:
        """The versions of the publications table, rising; none when nothing was ever published."""
        try:
            return sorted(int(match[1]) for entry in self.publications_log.iterdir() if (match := _COMMIT.match(entry.name)))
        except FileNotFoundError:
            return []

    def version(self) -> int:
        """The store's version: that of the newest publications commit, -1 when nothing was ever published.

        Reads the directory; readers that know a version need only ask whether `publications_commit(version + 1)` exists.
        """
        return max(self.versions(), default=-1)
