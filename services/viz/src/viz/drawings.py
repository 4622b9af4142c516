"""matplotlib drawings from arrays: the heat map and the 3-D view, for a window or a file. No display is needed to draw."""

from typing import Any, Final

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from viz.answers import Floats, Matrix, Space
from viz.ordering import cluster
from viz.palette import PALETTES

__all__ = ["ANNOTATED", "draw_heat_map", "draw_space"]

ANNOTATED: Final = 40
"""Rows up to which every cell carries its number."""
_WITH_DECIMAL: Final = 8
_NAMED: Final = 80
_LONGEST: Final = 28
_LABELLED: Final = 60
_DIMENSIONS: Final = 3
_PALETTE: Final = PALETTES["light"]


def draw_heat_map(figure: Figure, matrix: Matrix, *, title: str, note: str | None = None) -> None:
    """Rows and columns in the order of the tree; colours from -100 to 100 percent; `note` stands below the title."""
    leaves = cluster(matrix.percent_FF).leaves_F
    percent_FF = matrix.percent_FF[np.ix_(leaves, leaves)]
    names = [_short(matrix.names[leaf]) for leaf in leaves]
    count = len(names)
    axes = figure.add_subplot()
    image = axes.imshow(percent_FF, cmap=_colours(), vmin=-100, vmax=100, aspect="equal", interpolation="nearest")
    _name_rows(axes, names)
    if count <= ANNOTATED:
        size = float(np.clip(130 / count, 4.5, 12))
        for row in range(count):
            for column in range(count):
                value = percent_FF[row, column]
                colour = "white" if abs(value) > 55 else _PALETTE.text  # noqa: PLR2004 - where the ground turns dark
                axes.text(
                    column,
                    row,
                    f"{value:.1f}" if count <= _WITH_DECIMAL else f"{round(value)}",
                    ha="center",
                    va="center",
                    fontsize=size,
                    color=colour,
                )
    bar = figure.colorbar(image, ax=axes, shrink=0.8, label="similarity, %", ticks=[-100, -50, 0, 50, 100])
    bar.outline.set_visible(False)
    axes.set_title(
        title if note is None else f"{title}\n{note}", fontsize=12 if note is None else 10, color=_PALETTE.text, loc="left"
    )
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_space(figure: Figure, space: Space, *, title: str) -> None:
    """The first three columns of the balanced vectors with equal scales, and lines from the origin for small sets."""
    first_FD = np.zeros((space.count, _DIMENSIONS))
    given = space.balanced_FK[:, :_DIMENSIONS]
    first_FD[:, : given.shape[1]] = given
    axes: Any = figure.add_subplot(projection="3d")
    few = space.count <= _LABELLED
    if few:
        for row, (x, y, z) in enumerate(first_FD):
            axes.plot([0, x], [0, y], [0, z], color=_PALETTE.muted, linewidth=1)
            axes.text(x, y, z, f" {_short(space.names[row])}", fontsize=10, color=_PALETTE.text)
    axes.scatter(*first_FD.T, s=40 if few else 6, color=_PALETTE.point, depthshade=not few)
    axes.scatter(0, 0, 0, marker="+", color=_PALETTE.muted)
    axes.set(xlabel="factor 1", ylabel="factor 2", zlabel="factor 3")
    axes.set_box_aspect(_extent(first_FD))
    rank = space.balanced_FK.shape[1]
    whole = "the model's whole space" if rank <= _DIMENSIONS else f"the first three of {rank} factors"
    axes.set_title(f"{title}\n{space.count:,} fragments: {whole}", fontsize=11, color=_PALETTE.text, loc="left")


def _extent(first_FD: Floats) -> tuple[float, float, float]:
    """Sides of the box in the proportions of the data, so that angles are true."""
    with_origin = np.vstack([first_FD, np.zeros((1, _DIMENSIONS))])
    sides = np.maximum(np.ptp(with_origin, axis=0), 1e-3 * max(float(np.ptp(with_origin)), 1e-9))
    x, y, z = (float(side) for side in sides)
    return x, y, z


def _name_rows(axes: Any, names: list[str]) -> None:
    axes.tick_params(length=0, colors=_PALETTE.text)
    count = len(names)
    if count > _NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    size = float(np.clip(240 / count, 5, 11))
    long = max(len(name) for name in names) > 4 or count > 20  # noqa: PLR2004 - when names side by side would touch
    axes.set_xticks(range(count), names, fontsize=size, rotation=90 if long else 0)
    axes.set_yticks(range(count), names, fontsize=size)


def _colours() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("similarity", list(_PALETTE.diverging))


def _short(name: str) -> str:
    # A dollar sign would begin mathematics in matplotlib.
    cut = name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}…{name[-_LONGEST // 2 + 1 :]}"
    return cut.replace("$", r"\$")
