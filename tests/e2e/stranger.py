"""What a stranger types into a fresh interpreter that holds the client's wheel alone: a table in, a table out."""

import json

import pandas as pd

import ntdemo

_AMINES = ("N2CCOCC2", "N2CCNCC2", "N2CCCCC2")
_CORES = (
    *("CC{}", "CC(=O){}", "O=C(c1ccccc1){}", "c1ccc(C{})cc1", "Cc1ccc({})cc1", "O=S(=O)(c1ccccc1){}"),
    *("Clc1ccc(C{})cc1", "Fc1ccc({})cc1", "O=C(c1ccncc1){}", "COc1ccc({})cc1", "N#Cc1ccc({})cc1", "O=C(C1CC1){}"),
)
smiles = [core.format(amine) for amine in _AMINES for core in _CORES]
table = pd.DataFrame({"smiles": smiles, "pIC50": [4.5 + place % 12 * 0.2 + place // 12 * 0.3 for place in range(len(smiles))]})

nt = ntdemo.Client()
run = nt.train(table, target="pIC50").wait()
near = run.neighbours("*N1CCOCC1")
print(json.dumps({"from": ntdemo.__file__, "kind": type(near).__name__, "names": near["name"].tolist()}))  # noqa: T201 - to the test
