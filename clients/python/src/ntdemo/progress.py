"""Progress of a job: a bar in the terminal, an element in a notebook, nothing where nobody looks."""

import html
import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "shown"]

_STAGES: Final = {
    "spark": "starting Spark",
    "read": "reading the data",
    "fit": "fitting the factors",
    "neighbours": "ranking neighbours",
    "learn": "training the network",
    "measure": "measuring it",
    "network": "checking the network",
    "write": "writing files",
    "commit": "committing them",
    "publish": "publishing",
}


class _Place(Protocol):
    """Where progress is shown."""

    def show(self, text: str, done: float, total: float | None) -> None:
        """Say what is done now, and how far it is."""

    def close(self) -> None:
        """Show nothing more."""


class Progress:
    """Takes the events of a job, and shows the stage that began last and how far it is."""

    def __init__(self, title: str, place: _Place) -> None:
        self._title = title
        self._place = place
        self._lasting: list[str] = []
        self._place.show(f"{title}: waiting for its turn", 0.0, None)

    def take(self, kind: str | None, data: Mapping[str, Any]) -> None:
        """Take in one event; kinds that tell nothing about progress are passed over."""
        match kind:
            case "attempt":
                self._lasting = []
            case "stage-started":
                self._lasting.append(str(data["stage"]))
                self._show(0.0, None, "")
            case "stage-finished":
                self._lasting = [stage for stage in self._lasting if stage != data["stage"]]
            case "progress":
                loss = data.get("loss")
                self._show(data["done"], data.get("total"), "" if loss is None else f", loss {loss:.4g}")

    def _show(self, done: float, total: float | None, note: str) -> None:
        stage = self._lasting[-1] if self._lasting else "publish"
        self._place.show(f"{self._title}: {_STAGES.get(stage, stage)}{note}", done, total)


@contextmanager
def shown(title: str, *, wanted: bool = True) -> Iterator[Progress]:
    """The progress of a job, shown as long as the context lasts."""
    place = _place() if wanted else _Nowhere()
    try:
        yield Progress(title, place)
    finally:
        place.close()


def _place() -> _Place:
    if _in_notebook():
        return _Notebook()
    return _Terminal() if sys.stderr.isatty() else _Nowhere()


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; IPython in a terminal has none."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return getattr(shell, "kernel", None) is not None


class _Nowhere:
    def show(self, text: str, done: float, total: float | None) -> None: ...

    def close(self) -> None: ...


class _Terminal:
    def __init__(self) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
        )
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task("", total=None)
        self._bars.start()

    def show(self, text: str, done: float, total: float | None) -> None:
        self._bars.update(self._task, description=text, completed=done, total=total)

    def close(self) -> None:
        self._bars.stop()


class _Notebook:
    """An element of the cell's output that is replaced in place; needs no widgets, so a saved notebook shows its last state."""

    def __init__(self) -> None:
        display: Any = importlib.import_module("IPython.display")  # there only in a notebook
        self._html = display.HTML
        self._handle: Any = display.display(self._html(""), display_id=True)
        self._text = ""

    def show(self, text: str, done: float, total: float | None) -> None:
        self._text = html.escape(text)
        value = "" if not total else f' value="{done / total:.4f}"'
        self._handle.update(self._html(f"<progress{value}></progress> {self._text}"))

    def close(self) -> None:
        self._handle.update(self._html(f"<progress value='1'></progress> {self._text}"))
