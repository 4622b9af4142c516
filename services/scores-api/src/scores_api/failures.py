"""What can go wrong when published things are asked for; the routes turn each into a problem."""

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "ArtifactDamaged",
    "ArtifactUnknown",
    "FragmentsUnknown",
    "MapMissing",
    "MatrixTooLarge",
    "MoleculesFailed",
    "MoleculesUnreadable",
    "NothingPredicts",
    "NothingPublished",
    "OrderUnavailable",
    "PredictionsTooMany",
    "RefusedSmiles",
    "ReplacementsUnavailable",
    "RunDeleted",
    "RunOutdated",
    "RunUnknown",
    "RunUnreadable",
    "SimilarityUnavailable",
    "StructureUnknown",
    "StructureUnreadable",
    "TargetsUnknown",
    "WeightsUnequal",
]


class NothingPublished(Exception):
    """There is no run to answer from; the text says why."""


class RunUnknown(Exception):
    """No publication has this run id."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class RunDeleted(Exception):
    """Somebody deleted the run; `time` says when."""

    def __init__(self, run: str, time: datetime) -> None:
        super().__init__(run)
        self.run = run
        self.time = time


class RunOutdated(Exception):
    """Another release published the run, in a form that this one does not read."""

    def __init__(self, run: str, reason: str) -> None:
        super().__init__(run, reason)
        self.run = run
        self.reason = reason


class RunUnreadable(Exception):
    """A run is published, but it is damaged or cannot be read; `reason` says what is wrong with which file."""

    def __init__(self, run: str, reason: str) -> None:
        super().__init__(run, reason)
        self.run = run
        self.reason = reason


class FragmentsUnknown(Exception):
    """The run has no fragments of these names; `near` lists names that look like the first."""

    def __init__(self, run: str, names: list[str], near: list[str]) -> None:
        super().__init__(names)
        self.run = run
        self.names = names
        self.near = near


class MapMissing(Exception):
    """The run published no neighbourhood map."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class MatrixTooLarge(Exception):
    """The run shows more fragments than a whole matrix is published for."""

    def __init__(self, run: str, fragments: int) -> None:
        super().__init__(run, fragments)
        self.run = run
        self.fragments = fragments


class ArtifactUnknown(Exception):
    """No publication names this artifact, version or file; the text says which."""


class ArtifactDamaged(Exception):
    """A file differs from its manifest; the text says how."""


class SimilarityUnavailable(Exception):
    """The run publishes nothing that tells a similarity, or not of these fragments."""

    def __init__(self, run: str, similarity: str) -> None:
        super().__init__(run, similarity)
        self.run = run
        self.similarity = similarity


class TargetsUnknown(Exception):
    """The run has no targets of these names; `near` lists names that look like the first."""

    def __init__(self, run: str, names: list[str], near: list[str]) -> None:
        super().__init__(names)
        self.run = run
        self.names = names
        self.near = near


@dataclass(frozen=True)
class RefusedSmiles:
    """A SMILES that has no fragments."""

    place: str
    """In the request."""
    value: str
    reason: str


class MoleculesUnreadable(Exception):
    """Some SMILES of a request are no molecules with fragments."""

    def __init__(self, first: list[RefusedSmiles], count: int) -> None:
        super().__init__(count)
        self.first = first
        self.count = count


class MoleculesFailed(Exception):
    """The process that reads molecules died or did not answer; the text says which."""


class NothingPredicts(Exception):
    """The run published nothing that predicts."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class ReplacementsUnavailable(Exception):
    """The run does not tell what replacements change; `reason` ends the sentence."""

    def __init__(self, run: str, reason: str) -> None:
        super().__init__(run, reason)
        self.run = run
        self.reason = reason


class OrderUnavailable(Exception):
    """What the run predicts with does not tell this order of targets."""

    def __init__(self, run: str, order: str) -> None:
        super().__init__(run, order)
        self.run = run
        self.order = order


class PredictionsTooMany(Exception):
    """More predictions were asked for than one answer holds."""

    def __init__(self, asked: int, most: int) -> None:
        super().__init__(asked, most)
        self.asked = asked
        self.most = most


class StructureUnreadable(Exception):
    """A text is no structure that can be drawn."""

    def __init__(self, refused: RefusedSmiles) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class StructureUnknown(Exception):
    """The data state no structure of a fragment."""

    def __init__(self, run: str, fragment: str) -> None:
        super().__init__(run, fragment)
        self.run = run
        self.fragment = fragment


class WeightsUnequal(Exception):
    """A drawing has other numbers of weights and of highlights."""

    def __init__(self, weights: int, highlights: int) -> None:
        super().__init__(weights, highlights)
        self.weights = weights
        self.highlights = highlights
