"""A table that a chemist might have, and the client of services that run."""

from collections.abc import Iterator

import pandas as pd
import pytest
from tests.support.stack import Stack

import ntdemo

_SMILES = [
    *("CCN1CCOCC1", "CC(=O)N1CCOCC1", "O=C(c1ccccc1)N1CCOCC1", "c1ccc(CN2CCOCC2)cc1", "Cc1ccc(N2CCOCC2)cc1"),
    *("CCN1CCNCC1", "CC(=O)N1CCNCC1", "O=C(c1ccccc1)N1CCNCC1", "c1ccc(CN2CCNCC2)cc1", "Cc1ccc(N2CCNCC2)cc1"),
    *("CCN1CCCCC1", "CC(=O)N1CCCCC1", "O=C(c1ccccc1)N1CCCCC1", "c1ccc(CN2CCCCC2)cc1", "Cc1ccc(N2CCCCC2)cc1"),
]


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Amides, anilines and benzylamines of three ring amines, with a made-up potency."""
    return pd.DataFrame(
        {"smiles": _SMILES, "pIC50": [4.5 + place % 5 * 0.4 + place // 5 * 0.3 for place in range(len(_SMILES))]}
    )


@pytest.fixture(scope="session")
def addresses(stack: Stack) -> ntdemo.Addresses:
    return ntdemo.Addresses.of_environment(stack.environment)


@pytest.fixture(scope="session")
def nt(addresses: ntdemo.Addresses) -> Iterator[ntdemo.Client]:
    with ntdemo.Client(addresses) as client:
        yield client


@pytest.fixture(scope="session")
def built_in(nt: ntdemo.Client) -> ntdemo.Run:
    """The first run of the built-in data, which the trainer made at its start; other tests train them by other ranks."""
    return [run for run in nt.runs() if run.detail().source == "built-in"][-1]


@pytest.fixture(scope="session")
def run(nt: ntdemo.Client, table: pd.DataFrame) -> ntdemo.Run:
    """A run of the table, trained through the client."""
    return nt.train(table, target="pIC50").wait(progress=False)
