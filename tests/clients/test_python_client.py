"""The Python client before services that run."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ntdemo
from ntdemo import errors

pytestmark = [pytest.mark.e2e, pytest.mark.spark]


def test_a_table_is_trained_and_its_neighbours_come_as_a_table(run: ntdemo.Run) -> None:
    names = run.fragments(shown=False)["name"].tolist()
    assert "*N1CCOCC1" in names
    shown = run.fragments()
    assert isinstance(shown, pd.DataFrame)
    nearest = run.neighbours("*N1CCOCC1", by="function", limit=3)
    assert list(nearest["rank"]) == [1, 2]
    assert "*N1CCOCC1" not in nearest["name"].tolist()
    assert nearest["function"].is_monotonic_decreasing


def test_replacements_come_by_what_they_change_and_at_a_target_with_its_sign(run: ntdemo.Run, built_in: ntdemo.Run) -> None:
    found = run.replacements("*N1CCOCC1", limit=5)
    assert {"name", "expected_change", "low", "high", "swaps", "basis"} <= set(found.columns)
    assert {"*N1CCNCC1", "*N1CCCCC1"} <= set(found["name"])
    assert (found["swaps"] >= 10).any()
    assert found["expected_change"].is_monotonic_increasing
    assert (found["low"] <= found["expected_change"]).all()
    assert (found["expected_change"] <= found["high"]).all()
    there = run.replacements("*N1CCOCC1", "pIC50")
    assert set(there["target"]) == {"pIC50"}
    assert there["shift"].is_monotonic_decreasing
    assert (there["shift_low"] < there["shift_high"]).all()
    with pytest.raises(errors.ReplacementsUnavailable):
        built_in.replacements("fA")


def test_products_of_a_molecule_are_rows_by_target_and_come_without_those_that_lose_activity(run: ntdemo.Run) -> None:
    molecule = "Cc1ccc(N2CCOCC2)cc1"
    plain = run.products(molecule, "*N1CCOCC1", by=["*N1CCCCC1", "*N1CCNCC1"])
    assert set(plain["smiles"]) == {"Cc1ccc(N2CCCCC2)cc1", "Cc1ccc(N2CCNCC2)cc1"}
    assert "target" not in plain.columns
    there = run.products(molecule, "*N1CCOCC1", targets=["pIC50"])
    assert len(there) > 1
    assert there["shift"].is_monotonic_decreasing
    kept = run.products(molecule, "*N1CCOCC1", keep=["pIC50"])
    lost = run.products(molecule, "*N1CCOCC1", lose=["pIC50"])
    assert set(kept["smiles"]) == set(there["smiles"][there["chance_kept"] > 0.5])
    assert not set(lost["smiles"]) & set(kept["smiles"])
    with pytest.raises(errors.MoleculesUnreadable, match="has no"):
        run.products(molecule, "*C#N")


def test_structures_are_drawn_by_the_service_alone_and_in_the_rows_of_tables(nt: ntdemo.Client, run: ntdemo.Run) -> None:
    drawing = nt.draw("Cc1ccc(N2CCOCC2)cc1", highlight={"*N1CCOCC1": 0.4})
    assert drawing._repr_svg_().startswith("<svg")
    assert "raises" in drawing.svg
    assert repr(drawing) == "<drawing of Cc1ccc(N2CCOCC2)cc1>"
    with pytest.raises(errors.StructureUnreadable):
        nt.draw("no molecule")
    drawn = nt.drawn(run.neighbours("*N1CCOCC1", limit=2))
    assert drawn._repr_html_().count('src="data:image/svg+xml;base64,') == 2
    table = pd.DataFrame({"smiles": ["CCO", None, "<b>", "CCO"], "n": [1.0, float("nan"), 2.5, 4]})
    some = nt.drawn(table, limit=3)
    assert [each is not None for each in some.drawings] == [True, False, False]
    assert "<td>&lt;b&gt;</td>" in some._repr_html_()
    assert "nan" not in some._repr_html_()
    with pytest.raises(KeyError):
        nt.drawn(table, smiles="structure")


def test_predictions_are_rows_of_compounds_and_targets_whatever_they_were_asked_by(
    run: ntdemo.Run, table: pd.DataFrame
) -> None:
    one = run.predict("CCN1CCOCC1")
    assert one["target"].tolist() == ["pIC50"]
    low, value, high = one.loc[0, ["low", "value", "high"]]
    assert low < value < high
    assert one.loc[0, "measured"] == table.loc[0, "pIC50"]
    many = run.predict(table)
    assert many["compound"].tolist() == list(range(len(table)))
    assert run.predict(table["smiles"]).equals(many)
    assert many.loc[0, "value"] == value


def test_a_molecule_that_is_none_is_an_error_of_its_own_class_that_names_it(run: ntdemo.Run) -> None:
    with pytest.raises(errors.MoleculesUnreadable) as caught:
        run.predict(["CCO", "no molecule"])
    assert caught.value.status == 422
    assert "no molecule" in str(caught.value.members["errors"])


def test_a_fragment_that_is_not_there_names_those_that_are_written_alike(built_in: ntdemo.Run) -> None:
    assert built_in.neighbours("fB").loc[0, "name"] == "fC"
    square = built_in.similarities(["fA", "fB"], by="balanced")
    assert square.columns.tolist() == ["fragment", "fA", "fB"]
    assert square.loc[0, "fA"] == 100.0
    with pytest.raises(errors.FragmentNotFound) as caught:
        built_in.neighbours("fX")
    assert "fA" in caught.value.members["near"]


@pytest.mark.parametrize(("tables", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)])
def test_tables_come_out_as_those_of_the_library_that_was_asked_for(
    addresses: ntdemo.Addresses, run: ntdemo.Run, tables: ntdemo.tables.TableKind, kind: type
) -> None:
    with ntdemo.Client(addresses, tables=tables) as client:
        assert isinstance(client.run(run.id).predict("CCO"), kind)


def test_all_pages_of_a_list_are_read(run: ntdemo.Run, nt: ntdemo.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [fragment.name for fragment in run.each_fragment(shown=False)]
    monkeypatch.setattr("ntdemo._sync.runs._PAGE", 2)
    monkeypatch.setattr("ntdemo._sync.client._PAGE", 1)
    assert [fragment.name for fragment in run.each_fragment(shown=False)] == whole
    assert len(whole) > 2
    assert run.id in [each.id for each in nt.runs()]
    assert len(list(nt.runs())) >= 2
    assert run.job is not None
    assert run.job.id in [job.id for job in nt.jobs("succeeded")]


def test_factors_curve_and_rejects_are_tables(run: ntdemo.Run) -> None:
    factors = run.factors("targets")
    assert factors["name"].tolist() == ["pIC50"]
    assert len(factors.loc[0, "vector"]) == run.detail().rank
    assert run.curve()["step"].is_monotonic_increasing
    assert run.rejects().columns.tolist() == ["file", "row", "column", "value", "reason"]


@pytest.mark.slow
def test_the_same_key_is_the_same_job_and_another_body_with_it_is_refused(nt: ntdemo.Client) -> None:
    first = nt.train("built-in", key="once")
    again = nt.train("built-in", key="once")
    assert first.job is not None
    assert again.job is not None
    assert again.job.id == first.job.id
    with pytest.raises(errors.IdempotencyConflict):
        nt.train("built-in", key="once", seed=7)
    assert first.wait(progress=False).id == again.wait(progress=False).id


@pytest.mark.slow
def test_a_table_that_cannot_be_learned_from_fails_with_the_rows(nt: ntdemo.Client) -> None:
    bad = pd.DataFrame({"smiles": ["CCO", "no molecule", "CCN"], "pIC50": [5.0, 6.0, 7.0]})
    with pytest.raises((errors.JobFailed, errors.InvalidData)) as caught:
        nt.train(bad, target="pIC50").wait(progress=False)
    problem = caught.value.problem if isinstance(caught.value, errors.JobFailed) else caught.value
    assert isinstance(problem, errors.InvalidData)
    assert "no molecule" in str(problem)


def test_a_job_is_cancelled_and_its_waiter_learns_it(nt: ntdemo.Client, table: pd.DataFrame) -> None:
    job = nt.train(table, target="pIC50", seed=3).job
    assert job is not None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(nt.job(job.id).wait, progress=False)
        job.cancel()
        with pytest.raises(errors.JobCancelled):
            waiting.result(60)
    assert nt.job(job.id).cancel().state.value == "cancelled"


def test_a_job_that_has_succeeded_cannot_be_cancelled(run: ntdemo.Run) -> None:
    assert run.job is not None
    with pytest.raises(errors.JobFinished):
        run.job.cancel()


def test_how_a_table_would_be_read_is_told_before_anything_is_trained(nt: ntdemo.Client, table: pd.DataFrame) -> None:
    plan = nt.inspect(table, target="pIC50")
    roles = {column.name: column.role.value for column in plan.files[0].columns}
    assert roles == {"smiles": "molecule", "pIC50": "value"}


def test_a_bot_replies_and_the_same_seed_gives_the_same_reply(nt: ntdemo.Client) -> None:
    reply = nt.chat("hello", seed=1)
    assert reply
    assert nt.chat("hello", seed=1) == reply


def test_the_client_of_an_event_loop_answers_the_same(addresses: ntdemo.Addresses, run: ntdemo.Run) -> None:
    async def asked() -> tuple[float, list[str]]:
        async with ntdemo.AsyncClient(addresses) as client:
            same = await client.run(run.id)
            prediction, names = await asyncio.gather(same.predict("CCN1CCOCC1"), same.fragments(shown=False))
            return prediction.loc[0, "value"], names["name"].tolist()

    value, names = asyncio.run(asked())
    assert value == run.predict("CCN1CCOCC1").loc[0, "value"]
    assert names == run.fragments(shown=False)["name"].tolist()


def test_nobody_who_answers_and_somebody_else_who_does_are_told_apart(addresses: ntdemo.Addresses) -> None:
    def other(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, html="<p>It works!</p>")

    nobody = ntdemo.Addresses(scores="http://127.0.0.1:9")
    with (
        pytest.raises(errors.Unreachable, match=r"the scores API at http://127.0.0.1:9 .* nothing listens there"),
        ntdemo.Client(nobody) as client,
    ):
        client.run()
    with (
        pytest.raises(errors.Unreachable, match="no service of ntdemo"),
        ntdemo.Client(addresses, transport=httpx.MockTransport(other)) as client,
    ):
        client.run()
