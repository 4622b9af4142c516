"""What viz does with its key for who has another: by HTTP before a trainer that notes what it is asked, and on the page."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from playwright.sync_api import Browser, expect
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.trainer_answers import dataset, job
from tests.viz.conftest import viz_environment

from servicekit.doors.keys import KeyFile, Scope

_OWN = "the key of viz"
_PRINTED = "what the job printed"
_SPEC = {"kind": "factors", "sources": ["built-in"]}
_CALLBACKS = "/_dash-update-component"
_LARGE = b"smiles,a\n" + b"CCO,5\n" * 700_000
"""4 MB: more than lies in the buffers of a connection."""


@dataclass
class Asked:
    """What the trainer was asked beside looking, and how much came."""

    changes: list[tuple[str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    looks: int = 0
    """At single jobs."""
    released: threading.Event = field(default_factory=threading.Event)
    """Until then the job `held` is not told of."""


def _trainer(asked: Asked) -> FastAPI:
    app = FastAPI()

    @app.post("/v1/datasets", status_code=201)
    async def receive(request: Request, name: str) -> object:
        asked.changes.append(("POST", "/v1/datasets"))
        asked.sizes.append(len(await request.body()))
        return dataset(name, 7)

    @app.get("/v1/datasets")
    async def datasets() -> object:
        return {"items": [dataset("a.csv", 7)]}

    @app.post("/v1/datasets/{name}/plan")
    async def plan(name: str) -> object:
        return {"lines": [], "objective": "activity", "files": [], "rows": None}

    @app.post("/v1/jobs", status_code=202)
    async def start(body: dict[str, dict[str, Any]]) -> object:
        asked.changes.append(("POST", "/v1/jobs"))
        return job(body["spec"], id="job-9", state="queued")

    @app.get("/v1/jobs/{name}")
    async def one(name: str) -> object:
        asked.looks += 1
        if name == "held":
            await asyncio.to_thread(asked.released.wait, 60)
        return job(_SPEC, id=name, state="succeeded" if name == "held" else name)

    @app.delete("/v1/jobs/{name}")
    async def cancel(name: str) -> object:
        asked.changes.append(("DELETE", f"/v1/jobs/{name}"))
        return job(_SPEC, id=name, state="running")

    @app.api_route("/v1/runs/{name}", methods=["PATCH", "DELETE"])
    @app.api_route("/v1/aliases/{name}", methods=["PUT", "DELETE"])
    @app.post("/v1/aliases/{name}/rollback")
    async def change(request: Request, name: str) -> object:
        asked.changes.append((request.method, request.url.path))
        return {"alias": "current", "run": "a", "before": []}

    @app.get("/v1/jobs/{name}/log")
    async def log(name: str) -> str:
        return _PRINTED

    return app


@dataclass(frozen=True)
class Guarded:
    """A viz that asks everybody for a key, and who has one."""

    url: str
    keys: dict[str, str]
    """By scope."""
    audit: Path
    asked: Asked

    def client(self, scope: str | None) -> httpx.Client:
        """Somebody who has a key of this scope, or none; an answer that does not come is a failure soon."""
        headers = {} if scope is None else {"Authorization": f"Bearer {self.keys[scope]}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=10)

    def written(self, count: int = 0) -> list[dict[str, Any]]:
        """The audit log, once it has so many entries: the last is written when its answer is on its way."""
        deadline_s = time.monotonic() + 10
        while True:
            lines = self.audit.read_text().splitlines() if self.audit.exists() else []
            if len(lines) >= count or time.monotonic() > deadline_s:
                return [json.loads(line) for line in lines]
            time.sleep(0.01)


@pytest.fixture(scope="module")
def trainer() -> Iterator[tuple[Asked, int]]:
    """The trainer's notes and port."""
    asked, (port,) = Asked(), free_ports(1)
    server = uvicorn.Server(uvicorn.Config(_trainer(asked), host="127.0.0.1", port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield asked, port
    server.should_exit = True
    thread.join(30)


def _served(
    tmp_path_factory: pytest.TempPathFactory, scores_url: str, trainer: tuple[Asked, int], access: str
) -> Iterator[Guarded]:
    place = tmp_path_factory.mktemp("rights")
    asked, trainer_port = trainer
    dash_port, bokeh_port = free_ports(2)
    file, now = KeyFile(place / "keys.json"), datetime.now(UTC)
    keys = {scope.name.lower(): file.create(scope.name, scope, now=now, expires=None)[0] for scope in Scope}
    environment = viz_environment(scores_url, dash_port, bokeh_port) | {
        "TRAINER_PORT": str(trainer_port),
        "NTDEMO_ACCESS": access,
        "NTDEMO_KEYS": str(place / "keys.json"),
        "NTDEMO_API_KEY": _OWN,
        "NTDEMO_AUDIT_LOG": str(place / "audit.jsonl"),
    }
    with Served("ntdemo-viz", place / "viz.log", environment, f"http://127.0.0.1:{dash_port}") as served:
        wait_until_ready(served)
        yield Guarded(served.url, keys, place / "audit.jsonl", asked)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, scores_url: str, trainer: tuple[Asked, int]) -> Iterator[Guarded]:
    """viz where everybody is asked for a key."""
    yield from _served(tmp_path_factory, scores_url, trainer, "keys")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, scores_url: str, trainer: tuple[Asked, int]) -> Iterator[Guarded]:
    """viz on this machine, where who changes something is asked."""
    yield from _served(tmp_path_factory, scores_url, trainer, "auto")


def callback(client: httpx.Client, output: str, **values: Any) -> httpx.Response:
    """Ask for the callback that has this output, as the page does; the query of its address is `search`.

    Values are told by property, or by `id.property`; of several that have the output, that of the button whose clicks are told.
    """
    return client.post(_CALLBACKS, json=body_of(client, output, **values))


def body_of(client: httpx.Client, output: str, **values: Any) -> dict[str, Any]:
    """What the page sends to ask for a callback."""
    known = client.get("/_dash-dependencies", headers=_anybody(client)).json()
    pressed = next((name.removesuffix(".n_clicks") for name in values if name.endswith(".n_clicks")), None)
    (asked,) = (one for one in known if output in one["output"] and pressed in {None, *(each["id"] for each in one["inputs"])})
    outputs = [
        dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in asked["output"].strip(".").split("...")
    ]
    inputs, state = (
        [
            {**each, "value": values.get(f"{each['id']}.{each['property']}", values.get(each["property"]))}
            for each in asked[kind]
        ]
        for kind in ("inputs", "state")
    )
    return {
        "output": asked["output"],
        "outputs": outputs if asked["output"].startswith("..") else outputs[0],
        "inputs": inputs,
        "state": state,
        "changedPropIds": [],
    }


def _anybody(client: httpx.Client) -> dict[str, str]:
    return {} if "Authorization" in client.headers else {"Authorization": f"Bearer {_OWN}"}


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and detail of a problem."""
    told = answer.json()
    return answer.status_code, told["type"].rpartition("/")[2], told["detail"]


def hand_in(client: httpx.Client) -> httpx.Response:
    """Upload a file as the page does."""
    headers = {"Content-Type": "application/octet-stream"}
    return client.post("/uploads", params={"name": "a.csv"}, headers=headers, content=_LARGE)


MAY_NOT = (403, "forbidden", "This key may read; this needs one that may train.")
TABLE = "?dataset=" + f"{7:064x}"
SAID = {"name": "", "tags": "", "note": ""}
SEEN = {"registry.data": 0, "data": {"run": "factors-A", "said": SAID, "aliases": {"a": "factors-A"}}}
PRESSES = [
    ("start-told.children", {"n_clicks": 1, "search": TABLE}, ("POST", "/v1/jobs"), "/data#start-job"),
    ("cancel-told.children", {"n_clicks": 1, "search": "?job=running"}, ("DELETE", "/v1/jobs/running"), "/data#cancel-job"),
    *(
        (f"{kind}-told.children", {f"{kind}-{button}.n_clicks": 1, **SEEN, "value": "a"}, change, f"/training#{kind}-{button}")
        for kind in ("run", "bot")
        for button, change in {
            "save": ("PATCH", "/v1/runs/factors-A"),
            "pin": ("PATCH", "/v1/runs/factors-A"),
            "promote": ("PUT", "/v1/aliases/a"),
            "back": ("POST", "/v1/aliases/a/rollback"),
            "delete": ("DELETE", "/v1/runs/factors-A"),
            **({"drop": ("DELETE", "/v1/aliases/a")} if kind == "run" else {"force": ("PUT", "/v1/aliases/a")}),
        }.items()
    ),
]


@pytest.mark.parametrize(("output", "values", "change", "noted"), PRESSES, ids=[noted for *_, noted in PRESSES])
def test_what_changes_something_takes_a_key_that_may_and_is_written_down(
    guarded: Guarded, output: str, values: dict[str, Any], change: tuple[str, str], noted: str
) -> None:
    del guarded.asked.changes[:]
    begun = len(guarded.written())
    scopes = ["read", "train", "admin"]
    may = scopes[scopes.index("admin" if noted.endswith(("-delete", "-force")) else "train") :]
    with guarded.client(None) as nobody:
        assert refused(callback(nobody, output, **values))[:2] == (401, "unauthorized")
    for scope in scopes:
        with guarded.client(scope) as caller:
            answer = callback(caller, output, **values)
        if scope in may:
            assert answer.status_code == 200
        else:
            assert refused(answer) == (403, "forbidden", f"This key may {scope}; this needs one that may {may[0]}.")
    assert guarded.asked.changes == [change] * len(may)
    entries = guarded.written(begun + 3)[begun:]
    callers = [guarded.keys[scope].split("_")[1] for scope in scopes]
    assert [(entry["caller"], entry["path"], entry["status"]) for entry in entries] == [
        (caller, noted, 200 if scope in may else 403) for scope, caller in zip(scopes, callers, strict=True)
    ]


def test_a_file_is_handed_on_for_a_key_that_may_train(guarded: Guarded) -> None:
    del guarded.asked.changes[:], guarded.asked.sizes[:]
    begun = len(guarded.written())
    with guarded.client("read") as reader:
        assert refused(hand_in(reader)) == MAY_NOT
    assert guarded.asked.changes == []
    with guarded.client("train") as trainer:
        assert hand_in(trainer).status_code == 200
    assert guarded.asked.sizes == [len(_LARGE)]
    assert [(entry["path"], entry["status"]) for entry in guarded.written(begun + 2)[begun:]] == [
        ("/uploads", 403),
        ("/uploads", 200),
    ]


def test_what_a_job_printed_is_for_a_key_that_may_train_and_its_state_for_all(guarded: Guarded) -> None:
    begun = guarded.written()
    shown, hidden = "?job=succeeded&log=shown", "?job=succeeded"
    with guarded.client("read") as reader:
        assert refused(callback(reader, "data-job.children", search=shown)) == MAY_NOT
        assert refused(callback(reader, "data-job.children", search=shown + "&log=hidden")) == MAY_NOT
        seen = callback(reader, "data-job.children", search=hidden)
        assert seen.status_code == 200
        assert _PRINTED not in seen.text
        also = callback(reader, "data-job.children", search=hidden + "&log=hidden&log=shown")
        assert _PRINTED not in also.text
    with guarded.client("train") as trainer:
        assert _PRINTED in callback(trainer, "data-job.children", search=shown).text
    assert guarded.written() == begun  # looking is not written down


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("failed", "Nothing was published. Change what the message names"),
        ("cancelled", "Nothing was published. Train again"),
        ("succeeded", None),
        ("running", None),
    ],
)
def test_only_a_training_without_a_run_says_that_nothing_was_published(guarded: Guarded, state: str, told: str | None) -> None:
    with guarded.client("read") as reader:
        shown = callback(reader, "data-job.children", search=f"?job={state}").text
    assert state in shown
    assert (told or "Nothing was published") in shown if told else "Nothing was published" not in shown


def test_of_two_equal_names_in_a_body_the_same_is_judged_and_done(guarded: Guarded) -> None:
    with guarded.client("read") as reader:
        body = {log: body_of(reader, "data-job.children", search=f"?job=succeeded&log={log}") for log in ("hidden", "shown")}
        for first, second, status in (("shown", "hidden", 200), ("hidden", "shown", 403)):
            twice = f'{{"inputs": {json.dumps(body[first]["inputs"])}, {json.dumps(body[second])[1:]}'
            assert twice.count('"inputs"') == 2
            answer = reader.post(_CALLBACKS, content=twice, headers={"Content-Type": "application/json"})
            assert (answer.status_code, _PRINTED in answer.text) == (status, False)


def test_nothing_of_the_pages_answers_before_the_doors(guarded: Guarded) -> None:
    with guarded.client("read") as reader, guarded.client(None) as nobody:
        script = next(part for part in reader.get("/").text.split('"') if "dash_renderer" in part)
        assert reader.get(script).status_code == 200
        for path in (script, "/", "/_dash-layout", "/assets/viz.css"):
            assert refused(nobody.get(path))[:2] == (401, "unauthorized"), path
        junk = nobody.post(_CALLBACKS, content=b"junk", headers={"Content-Type": "application/json"})
        assert refused(junk)[:2] == (401, "unauthorized")


def test_on_this_machine_a_browser_is_asked_for_the_key_by_who_changes_something(local: Guarded) -> None:
    del local.asked.changes[:]
    with local.client(None) as page:
        page.headers["Origin"] = local.url
        assert page.get("/data").status_code == 200
        for answer in (
            hand_in(page),
            callback(page, "start-told.children", n_clicks=1, search=TABLE),
        ):
            assert refused(answer) == (401, "unauthorized", "No key was sent.")
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        polled = callback(page, "data-job.children", search="?job=succeeded&log=shown")
        assert refused(polled)[0] == 401
        assert polled.headers["WWW-Authenticate"] == "Bearer"  # a browser would ask its user every second
        assert callback(page, "data-job.children", search="?job=succeeded").status_code == 200
        assert local.asked.changes == []
        page.auth = ("anybody", local.keys["train"])
        assert callback(page, "start-told.children", n_clicks=1, search=TABLE).status_code == 200
    assert local.asked.changes == [("POST", "/v1/jobs")]


@pytest.mark.browser
def test_who_may_not_train_reads_why_on_the_page(guarded: Guarded, browser: Browser, tmp_path: Path) -> None:
    del guarded.asked.changes[:]
    profile = browser.new_context(http_credentials={"username": "anybody", "password": guarded.keys["read"]})
    page = profile.new_page()
    page.goto(f"{guarded.url}/data{TABLE}")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator("#notice")).to_have_text(MAY_NOT[2])
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    table = tmp_path / "a.csv"
    table.write_bytes(_LARGE)
    page.get_by_label("Drop a file here, or choose one").set_input_files(table)
    expect(page.locator("#data-status")).to_have_text(MAY_NOT[2])
    page.goto(f"{guarded.url}/data{TABLE}&job=running&log=shown")
    expect(page.locator("#notice")).to_have_text(MAY_NOT[2])
    assert _PRINTED not in page.content()
    assert guarded.asked.changes == []
    profile.close()


@pytest.mark.browser
def test_a_page_looks_again_only_when_it_was_answered(local: Guarded, browser: Browser) -> None:
    local.asked.looks = 0
    profile = browser.new_context()
    page = profile.new_page()
    page.clock.install()
    page.goto(f"{local.url}/data?job=held")
    expect(page.locator("#cancel-told")).to_be_attached()
    for _ in range(10):  # beats; of the answers to two of them, the page would drop the first
        page.clock.run_for(1000)
    assert local.asked.looks == 1
    local.asked.released.set()
    expect(page.locator("#data-job .badge")).to_have_text("succeeded")
    page.clock.run_for(3000)
    expect(page.locator("#data-job .badge")).to_have_text("succeeded")
    assert local.asked.looks > 1
    profile.close()
