"""What a run left out is served in pages that join to the whole, and as one table."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
from fastapi.testclient import TestClient
from tests.scores_api.conftest import Published
from tests.support.store import Publisher, five_fragments

from contracts.tables import TABLES
from published import form
from scores_api.app import create_app
from scores_api.rendering import reject_page
from scores_api.settings import Settings
from trainer.store.form.documents import write_rejects

ROWS = [
    {"file": "b.csv", "row": 2, "column": "IC50 (nM)", "value": 'a "quoted", text', "reason": "is not a number"},
    {"file": "a.csv", "row": 9, "column": None, "value": None, "reason": "states no activity"},
    {"file": "a.csv", "row": 1, "column": "smiles", "value": "C(", "reason": "not a SMILES — 構造"},
]


def test_pages_hold_the_rows_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    offsets = write_rejects(tmp_path, pa.Table.from_pylist(ROWS, schema=TABLES["rejects"].schema))
    content = (tmp_path / form.REJECT_LINES).read_bytes()
    lines = [content[start:end] for start, end in pairwise(offsets.tolist())]
    page = json.loads(reject_page("r", lines, 3, None))
    assert page == {"run": "r", "total": 3, "items": [ROWS[2], ROWS[1], ROWS[0]], "next": None}
    assert (tmp_path / form.REJECT_TABLE).read_text().splitlines() == [
        "file,row,column,value,reason",
        "a.csv,1,smiles,C(,not a SMILES — 構造",
        "a.csv,9,,,states no activity",
        'b.csv,2,IC50 (nM),"a ""quoted"", text",is not a number',
    ]


def test_pages_join_to_the_whole(tmp_path: Path) -> None:
    contents = five_fragments()
    facts = {**contents.facts, "rejects": pa.Table.from_pylist(ROWS * 700, schema=TABLES["rejects"].schema)}
    Publisher(tmp_path).publish(replace(contents, facts=facts))
    with TestClient(create_app(Settings(state=tmp_path)), base_url="http://api") as client:
        items: list[dict[str, object]] = []
        asked: dict[str, str | int] = {"limit": 999}
        for _ in range(3):
            page = client.get("/v1/runs/current/rejects", params=asked).json()
            assert page["total"] == 2100
            items += page["items"]
            asked["cursor"] = page["next"]
        assert items == [ROWS[2]] * 700 + [ROWS[1]] * 700 + [ROWS[0]] * 700


def test_a_run_that_left_nothing_out_says_so(client: TestClient, published: Published) -> None:
    run = published.runs["many"]
    answer = client.get("/v1/runs/current/rejects")
    assert answer.status_code == 200
    assert client.get(f"/v1/runs/{run}/rejects").json() == {"run": run, "total": 0, "items": [], "next": None}
    table = client.get(f"/v1/runs/{run}/rejects", headers={"accept": "text/csv"})
    assert (table.headers["content-type"].split(";")[0], table.text.strip()) == ("text/csv", "file,row,column,value,reason")


def test_a_cursor_of_another_list_is_refused(client: TestClient) -> None:
    cursor = client.get("/v1/factors/fragments", params={"limit": 1}).json()["next"]
    assert client.get("/v1/runs/current/rejects", params={"cursor": cursor}).status_code == 422
