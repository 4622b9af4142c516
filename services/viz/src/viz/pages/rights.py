"""Rights: what a callback needs of its caller.

The services behind are asked with the key of viz, so that what they would refuse to the caller is refused here.
"""

from collections.abc import Mapping
from typing import Any, Final

from servicekit.doors.keys import Scope
from viz.pages import data, training
from viz.recipe import Recipe

__all__ = ["needs"]

_TRAINING: Final = {"start-told": "start-job", "cancel-told": "cancel-job"}
"""Outputs of callbacks that change what is trained, and the buttons that ask for it."""
_ADMINISTERING: Final = ("-delete", "-force")
"""Ends of the names of buttons that take away what others may need, or overrule a comparison."""


def needs(output: str, values: Mapping[str, Any]) -> tuple[Scope, str | None]:
    """By the id of an output and the values of its inputs; and what the audit log calls it where it changes something."""
    if output in _TRAINING:
        return Scope.TRAIN, f"{data.PATH}#{_TRAINING[output]}"
    if output in training.CHANGING:
        button = next(name for name in values if name.endswith(".n_clicks")).removesuffix(".n_clicks")
        return Scope.ADMIN if button.endswith(_ADMINISTERING) else Scope.TRAIN, f"{training.PATH}#{button}"
    prints = output == "data-job" and Recipe.of(values["address.search"]).log == "shown"
    return Scope.TRAIN if prints else Scope.READ, None
