"""Pictures of structures on pages, each with its SMILES as the text for those who do not see it."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from viz.language import _

__all__ = ["address", "picture", "pressable"]

_LONGEST: Final = 2000
"""Characters of a SMILES that is drawn; the scores API takes no longer ones."""


def picture(
    smiles: str | None,
    *,
    size: str = "small",
    named: bool = False,
    template: str | None = None,
    highlights: Sequence[str] = (),
    weights: Sequence[float] = (),
) -> Component | None:
    """A structure in a box of fixed size; None for what has none.

    Where the SMILES is `named` beside it, nobody needs to hear it twice. `small` is for rows, `medium` for a fragment and
    `large` for a molecule that a page is about.
    """
    if smiles is None or len(smiles) > _LONGEST:
        return None
    source = address(smiles, template=template, highlights=highlights, weights=weights)
    return html.Img(src=source, alt="" if named else smiles, className=f"structure {size}")


def pressable(smiles: str | None, *, highlights: Sequence[str] = ()) -> Component | None:
    """A drawing on which atoms can be pressed, which sets `atom` of the address; the browser puts it in its place."""
    if smiles is None or len(smiles) > _LONGEST:
        return None
    source = f"{address(smiles, highlights=highlights)}&atoms=true"
    attributes: dict[str, Any] = {"data-drawing": source, "aria-label": _("Atoms of {smiles}", smiles=smiles)}
    return html.Div(key=source, className="structure large pressable", role="group", **attributes)


def address(smiles: str, *, template: str | None = None, highlights: Sequence[str] = (), weights: Sequence[float] = ()) -> str:
    """Where the drawing is."""
    lit = [("highlight", name) for name in highlights]
    weighed = [("weight", f"{weight:.4g}") for weight in weights]
    turned = [] if template is None or len(template) > _LONGEST else [("template", template)]
    return "/drawings?" + urlencode([("smiles", smiles), *lit, *weighed, *turned])
