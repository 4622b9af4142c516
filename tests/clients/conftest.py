"""A table that a chemist might have, and the client of services that run."""

from collections.abc import Iterator

import pandas as pd
import pytest
from tests.support.stack import Stack

import ntdemo

_AMINES = ("N2CCOCC2", "N2CCNCC2", "N2CCCCC2")
_CORES = (
    *("CC{}", "CC(=O){}", "O=C(c1ccccc1){}", "c1ccc(C{})cc1", "Cc1ccc({})cc1", "O=S(=O)(c1ccccc1){}"),
    *("Clc1ccc(C{})cc1", "Fc1ccc({})cc1", "O=C(c1ccncc1){}", "COc1ccc({})cc1", "N#Cc1ccc({})cc1", "O=C(C1CC1){}"),
)
_SMILES = [core.format(amine) for amine in _AMINES for core in _CORES]


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Amides, anilines and benzylamines of three ring amines, twelve of each, with a made-up potency."""
    return pd.DataFrame(
        {"smiles": _SMILES, "pIC50": [4.5 + place % 12 * 0.2 + place // 12 * 0.3 for place in range(len(_SMILES))]}
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
