"""A table of molecules in which every replacement does what was laid into it."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from tests.support.gaussian import panel_of
from tests.support.store import Contents

from chemistry import fragment
from chemistry.descriptors import described
from contracts.evidence import SHOWN_SUPPORT as SHOWN
from contracts.kinds import ActivityKind
from contracts.predictions import MODEL_FILE
from contracts.tables import TABLES
from prediction.model_file import write_arrays
from replacement.features import Descriptions
from replacement.replacements import FILE
from trainer.data.activity import Activity
from trainer.evaluation.halves import halves
from trainer.evaluation.judgement import question
from trainer.evaluation.model import Facts, Model
from trainer.replacements.events import Events
from trainer.replacements.groups import Groups, Named
from trainer.replacements.learned import judged_halves, learn
from trainer.replacements.members import digest, members
from trainer.replacements.pairing import EVENTS, paired
from trainer.replacements.signs import read_signs
from trainer.similarity.factors import Factors
from trainer.similarity.pairs import Likeness

__all__ = ["EFFECTS", "replaceable_activity", "replaced_of", "replacing_run", "write_replaceable"]

EFFECTS = {"F": 0.0, "Cl": 0.1, "Br": 0.2, "C": 0.1, "CO": 0.4, "OC(=O)": -1.5, "N#C": 0.3, "C1COCCN1": -0.6, "[H]": -0.2}
"""What each substituent adds to pX; written so that the scaffold follows."""
_SCAFFOLDS = (
    "c1ccc(CC(=O)NC)cc1",
    "c1ccc(-c2ccncc2)cc1",
    "c1ccc2c(c1)CCN2C",
    "c1cc(C(=O)NCC)ccn1",
    "c1ccc(S(=O)(=O)N(C)C)cc1",
    "c1cnc(NCCO)cn1",
    "c1csc(CN2CCCC2)c1",
    "c1ccc(OCCN(C)C)cc1",
    "c1ccc(C2CC2)nc1",
    "c1oc(CNC)cc1",
    "c1ccc(CCCO)cc1",
    "c1nc(CC)cs1",
)


def write_replaceable(path: Path, *, binary: bool = False) -> Path:
    """12 scaffolds with 9 substituents on three targets, some cells not measured; differences have noise of 0.1."""
    random = np.random.default_rng(0)
    rows: list[str] = []
    for place, scaffold in enumerate(_SCAFFOLDS):
        for substituent, effect in EFFECTS.items():
            smiles = scaffold if substituent == "[H]" else f"{substituent}{scaffold}"
            values = 6.0 + place % 4 * 0.5 + effect + random.normal(0, 0.1, 3)
            cells = [f"{int(value > 6.5)}" if binary else f"{value:.2f}" for value in values]
            cells[(place + len(rows)) % 3] = ""
            rows.append(",".join([smiles, *cells]))
    path.write_text("smiles,pIC50 a,pIC50 b,pIC50 c\n".replace("pIC50 ", "" if binary else "pIC50 ") + "\n".join(rows) + "\n")
    return path


def replaceable_activity(*, percent: bool = False) -> Activity:
    """The facts of the table of `write_replaceable`, read without Spark; as percent 0 to 100 in place of pIC50 4 to 8."""
    with TemporaryDirectory() as scratch:
        lines = write_replaceable(Path(scratch) / "table.csv").read_text().splitlines()[1:]
    stated = [(fragment(line.split(",")[0]), line.split(",")[1:]) for line in lines]
    stated.sort(key=lambda row: row[0].parent)
    found: dict[str, set[int]] = {}
    for compound, (molecule, _) in enumerate(stated):
        for name in molecule.fragments:
            found.setdefault(name, set()).add(compound)
    names = sorted((name for name, compounds in found.items() if len(compounds) > 1), key=str.encode)
    cells = [
        (compound, target, 25.0 * (float(text) - 4.0) if percent else float(text))
        for compound, (_, texts) in enumerate(stated)
        for target, text in enumerate(texts)
        if text
    ]
    members = sorted((fragment_, compound) for fragment_, name in enumerate(names) for compound in found[name])
    support = [len(found[name]) for name in names]
    parents = [molecule.parent for molecule, _ in stated]
    columns = {
        "fragments": (range(len(names)), names, names, support, support, [count >= SHOWN for count in support]),
        "compounds": (
            range(len(parents)),
            [f"C{number}" for number in range(len(parents))],
            parents,
            [molecule.scaffold for molecule, _ in stated],
            [1] * len(parents),
        ),
        "targets": (
            range(3),
            ["a", "b", "c"],
            [sum(cell[1] == target for cell in cells) for target in range(3)],
            [None] * 3,
            ["%" if percent else "pIC50"] * 3,
        ),
        "membership": (*zip(*members, strict=True), [1.0] * len(members)),
        "activity": (*zip(*cells, strict=True), [1.0] * len(cells), [None] * len(cells)),
    }
    tables = {
        name: pa.table(
            [pa.array(list(column), field.type) for column, field in zip(parts, TABLES[name].schema, strict=True)],
            schema=TABLES[name].schema,
        )
        for name, parts in columns.items()
    }
    return Activity(
        digest="replaceable",
        source="table.csv",
        kind=ActivityKind.REAL,
        fragments=tables["fragments"],
        compounds=tables["compounds"],
        targets=tables["targets"],
        membership=tables["membership"],
        cells=tables["activity"],
        rejects=TABLES["rejects"].schema.empty_table(),
        ingest={"rows_read": len(lines)},
    )


def replaced_of(activity: Activity) -> tuple[Groups, Events]:
    """Its measured replacements, as Spark pairs them."""
    smiles: list[str] = activity.compounds["smiles"].to_pylist()
    (batch,) = members([pa.RecordBatch.from_pydict({"compound": pa.array(range(len(smiles)), pa.int32()), "smiles": smiles})])
    wholes = {digest(parent): compound for compound, parent in enumerate(smiles)}
    rows = {
        (row["context"], row["fragment"], row["compound"] if row["whole"] is None else wholes[row["whole"]], row["turned"])
        for row in batch.to_pylist()
        if row["whole"] is None or row["whole"] in wholes
    }
    values: dict[int, list[tuple[int, float]]] = {}
    for cell in activity.cells.to_pylist():
        values.setdefault(cell["compound"], []).append((cell["target"], cell["value"]))
    stated = sorted(
        (
            (context, target, name, compound, turned, value)
            for context, name, compound, turned in rows
            for target, value in values[compound]
        ),
        key=lambda row: (row[:4], str(row[4])),
    )
    schema = [
        ("context", pa.int64()),
        ("target", pa.int32()),
        ("fragment", pa.string()),
        ("compound", pa.int32()),
        ("turned", pa.bool_()),
        ("value", pa.float64()),
    ]
    table = pa.table(
        [pa.array(column, kind) for column, (_, kind) in zip(zip(*stated, strict=True), schema, strict=True)],
        names=[name for name, _ in schema],
    )
    events = pa.Table.from_batches(list(paired(table.to_batches())), schema=EVENTS)
    support: dict[str, set[int]] = {}
    for _, name, compound, _ in rows:
        support.setdefault(name, set()).add(compound)
    names = {name for side in ("first", "second") for name in events[side].to_pylist()}
    named = Named.of(activity.fragments, sorted(names), {name: len(compounds) for name, compounds in support.items()})
    described_ = Descriptions.of([described(name) for name in named.names])
    groups = Groups(named.names, named.fragment_G, named.support_G, named.listed_G, described_)
    return groups, Events.of(events, groups.names)


def replacing_run(*, percent: bool = False, completes: bool = False) -> Contents:
    """What a run of activity publishes of `replaceable_activity`: its model, what it learned of replacements, structures.

    So few compounds teach no panel; with `completes` the model has one nevertheless.
    """
    activity = replaceable_activity(percent=percent)
    groups, events = replaced_of(activity)
    asked = question(activity, with_structure=False)
    model = Model.learned(Facts.of(activity, asked.cells, binary=False), asked.cells, device="cpu")
    if completes:
        model = replace(model, panel=panel_of(model.fit))
    reading, _ = read_signs(activity, model.fit, model.facts.kernel, events)
    alike = events.on(reading.one_T)
    told = judged_halves(alike, groups, halves(len(activity.compounds), seed=0), binary=False)
    arrays, about = learn(alike, groups, told, reading)
    with TemporaryDirectory() as scratch:
        write_arrays(Path(scratch) / FILE, arrays, about)
        model.packed().write(Path(scratch) / MODEL_FILE)
        files = {name: (Path(scratch) / name).read_bytes() for name in (FILE, MODEL_FILE)}
    factors = Factors.leading(model.fragment_weights_FT(), 3)
    return Contents(
        data=activity.digest,
        source=activity.source,
        activity_kind=activity.kind,
        facts=activity.tables,
        canonical_FK=factors.fragments_FK,
        canonical_TK=factors.targets_TK,
        balanced_FK=factors.balanced_fragments_FK,
        balanced_TK=factors.balanced_targets_TK,
        replaced=(arrays, about),
        likeness=Likeness.of(activity).tables(),
        files=files,
    )
