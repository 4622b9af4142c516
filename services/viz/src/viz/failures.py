"""What can keep viz from showing something, each with a sentence a reader understands."""

from collections.abc import Sequence

from viz.answers import Left
from viz.language import _, enumerated

__all__ = ["NoRun", "NotInRun", "NotOffered", "NotTold", "Refused", "Unreadable", "Unshowable", "UpstreamAway"]


class Unshowable(Exception):
    """Something cannot be shown now; `str` is the sentence that says why and what happens next."""


class UpstreamAway(Unshowable):
    """The scores API or the trainer cannot be reached, or fails."""

    def __init__(self, service: str, url: str, reason: object) -> None:
        named = _(service)
        named = f"{named[:1].upper()}{named[1:]}"
        super().__init__(_("{service} at {url} does not answer ({reason}).", service=named, url=url, reason=reason))


class NoRun(Unshowable):
    """Nothing is published yet."""

    def __init__(self) -> None:
        super().__init__(_("No run has been published yet."))


class Refused(Unshowable):
    """The trainer does not take what it was handed; it says why."""

    def __init__(self, title: str, detail: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(f"{title}. {detail}" if detail else f"{title}.")
        self.title = title
        self.detail = detail
        self.reasons = tuple(reasons)
        """One for each place of a file that is at fault; none where no file is."""


class NotInRun(Unshowable):
    """The run or fragment asked for does not exist; the sentence is the scores API's own."""


class NotTold(Unshowable):
    """The run cannot answer this question: no structures, no predictions, a SMILES that is none."""


class Unreadable(NotTold):
    """Some SMILES are no molecules with fragments."""

    def __init__(self, left: Sequence[Left]) -> None:
        super().__init__(_("This molecule cannot be predicted: {reason}.", reason=left[0].reason))
        self.left = tuple(left)
        """The first of them."""


class NotOffered(Unshowable):
    """The page's address asks for a choice that there is not."""

    def __init__(self, name: str, value: str, offered: tuple[str, ...]) -> None:
        sentence = _(
            "The address of this page asks for {name} “{value}”; there is {offered}.",
            name=name,
            value=value,
            offered=enumerated(offered),
        )
        super().__init__(sentence)
