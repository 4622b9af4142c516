"""The client: `ntdemo-client` shows the heat map in a window, `ntdemo-client 1` the 3-D page as well; `--save` writes a file.

Exit status 1 says that the scores API cannot be asked, 2 that the command cannot be carried out here.
"""

import asyncio
import importlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from matplotlib.figure import Figure

from servicekit.command import load_settings
from viz.answers import Matrix, Run, Space
from viz.drawings import ANNOTATED, draw_heat_map, draw_space
from viz.failures import Unshowable
from viz.scores import Scores
from viz.settings import Settings
from viz.view import CURRENT

__all__ = ["main"]

_SUFFIXES: Final = (".png", ".svg", ".pdf")
_INCHES: Final = (9.5, 8.0)
_NO_TK: Final = (
    "This Python has no Tk, so no window can be opened. Install it (Debian, Ubuntu: apt-get install python3-tk; "
    "Fedora: dnf install python3-tkinter; macOS: brew install python-tk; pyenv: install tk-dev and build Python again), "
    "or write a file with --save."
)
_NO_DISPLAY: Final = "There is no display to open a window on. Set DISPLAY (ssh -X does), or write a file with --save."

Drawing = Callable[[Figure], None]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"ntdemo-client {version('ntdemo-viz')}")
        raise typer.Exit


_command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@_command.command()
def show(
    pages: Annotated[int, typer.Argument(min=0, max=1, help="1 adds the 3-D page.")] = 0,
    save: Annotated[
        Path | None, typer.Option(help="Write FILE.png, FILE.svg or FILE.pdf instead of opening a window.", dir_okay=False)
    ] = None,
    run: Annotated[str, typer.Option(help="Id of the run to show; the current one if left out.")] = CURRENT,
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Show how similar the fragments are: a clustered heat map of the scores, read from NTDEMO_HOST and NTDEMO_PORT."""
    if save is not None and save.suffix.lower() not in _SUFFIXES:
        _stop(f"{save} cannot be written: its name ends in none of {', '.join(_SUFFIXES)}.", 2)
    pyplot = _windows() if save is None else None
    settings = load_settings(Settings)
    try:
        shown, space, matrix = asyncio.run(_ask(settings, run))
    except Unshowable as failure:
        _stop(str(failure), 1)
    drawings = _drawings(shown, space, matrix, three_dimensional=pages == 1)
    if save is not None:
        _save(drawings, save)
        return
    assert pyplot is not None  # noqa: S101 - set when nothing is saved
    for drawing in drawings:
        drawing(
            pyplot.figure(figsize=_INCHES, layout="constrained", num=f"ntdemo {(pyplot.get_fignums() and '3-D') or 'heat map'}")
        )
    pyplot.show()


def main() -> None:
    """The command's entry point."""
    _command()


async def _ask(settings: Settings, run: str) -> tuple[Run, Space, Matrix]:
    """The run, its fragments, and the matrix of all or of those with most support."""
    async with Scores(settings.scores_url, key=settings.api_key) as scores:
        shown = await scores.run(run)
        space = await scores.space(shown.id)
        return shown, space, await scores.similarities(shown.id, space.most_studied(ANNOTATED), shown.similarities[0])


def _drawings(run: Run, space: Space, matrix: Matrix, *, three_dimensional: bool) -> list[Drawing]:
    title = f"Similarity of fragments, {run.source}, run {run.id}"
    note = (
        f"the {len(matrix.names)} of {space.count:,} fragments with most support" if len(matrix.names) < space.count else None
    )

    def heat_map(figure: Figure) -> None:
        draw_heat_map(figure, matrix, title=title, note=note)

    def factors(figure: Figure) -> None:
        draw_space(figure, space, title=f"Factors of fragments, {run.source}, run {run.id}")

    return [heat_map, factors] if three_dimensional else [heat_map]


def _save(drawings: list[Drawing], path: Path) -> None:
    """Write one file; PNG and SVG hold one page, so the second goes beside it as `FILE-3d`."""
    figures = []
    for drawing in drawings:
        figure = Figure(figsize=_INCHES, layout="constrained")
        drawing(figure)
        figures.append(figure)
    try:
        if path.suffix.lower() == ".pdf":
            backend: Any = importlib.import_module("matplotlib.backends.backend_pdf")
            with backend.PdfPages(path) as pdf:
                for figure in figures:
                    pdf.savefig(figure)
            written = [path]
        else:
            written = [path, *(path.with_stem(f"{path.stem}-3d") for _ in figures[1:])]
            for figure, target in zip(figures, written, strict=True):
                figure.savefig(target, dpi=160)
    except OSError as error:
        _stop(f"{path} cannot be written: {(error.strerror or str(error)).lower()}.", 2)
    for target in written:
        typer.echo(f"wrote {target}")


def _windows() -> Any:
    """Pyplot on Tk; matplotlib left to itself would draw into nothing when there is no display."""
    try:
        tkinter: Any = importlib.import_module("tkinter")
    except ImportError:
        _stop(_NO_TK, 2)
    try:
        tkinter.Tk().destroy()
    except tkinter.TclError:
        _stop(_NO_DISPLAY, 2)
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    pyplot.switch_backend("TkAgg")
    return pyplot


def _stop(sentence: str, status: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(status)
