"""What can go wrong when published things are asked for; the routes turn each into a problem."""

__all__ = [
    "ArtifactDamaged",
    "ArtifactUnknown",
    "CursorInvalid",
    "FragmentsUnknown",
    "MatrixTooLarge",
    "NothingPublished",
    "RunUnknown",
    "RunUnreadable",
]


class NothingPublished(Exception):
    """The store holds no run yet, or its first reading is not finished."""


class RunUnknown(Exception):
    """No publication has this run id."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class RunUnreadable(Exception):
    """A run is published, but its projection could not be made or opened."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class FragmentsUnknown(Exception):
    """The run has no fragments of these names; `near` lists names that look like the first."""

    def __init__(self, run: str, names: list[str], near: list[str]) -> None:
        super().__init__(names)
        self.run = run
        self.names = names
        self.near = near


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


class CursorInvalid(Exception):
    """A cursor that this list did not hand out."""
