"""What can keep viz from showing something, each with a sentence a reader understands."""

__all__ = ["Missing", "NoRun", "Refused", "ScoresAway", "TrainerAway", "Unshowable"]


class Unshowable(Exception):
    """Something cannot be shown now; `str` is the sentence that says why and what happens next."""


class ScoresAway(Unshowable):
    """The scores API cannot be reached or fails."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"The scores API at {url} does not answer ({reason}).")


class TrainerAway(Unshowable):
    """The trainer cannot be reached or fails."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"The trainer at {url} does not answer ({reason}).")


class NoRun(Unshowable):
    """Nothing is published yet."""

    def __init__(self) -> None:
        super().__init__("No run has been published yet.")


class Missing(Unshowable):
    """The run or fragment asked for does not exist; the sentence is the scores API's own."""


class Refused(Unshowable):
    """The run cannot answer this question: no structures, no predictions, a SMILES that is none."""
