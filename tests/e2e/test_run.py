"""`make run`, as a user meets it."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.product import Product

pytestmark = [pytest.mark.e2e, pytest.mark.spark]

# Published by the seed's own optimum (DESIGN 7a), in percent.
PUBLISHED = {("fA", "fB"): 42, ("fA", "fC"): 24, ("fA", "fD"): 80, ("fB", "fC"): 98, ("fB", "fD"): 87, ("fC", "fD"): 74}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("product") / "state"


@pytest.fixture(scope="module")
def product(state: Path) -> Iterator[Product]:
    with Product(state) as product:
        product.wait_for_line("Ctrl-C stops everything")
        yield product


@pytest.mark.slow
def test_the_built_in_data_is_trained_and_served_at_the_published_numbers(product: Product) -> None:
    answer = product.get(f"{product.scores}/cosine/score")
    assert answer.status_code == 200
    body = answer.json()
    position = {name: place for place, name in enumerate(body["names"])}
    for (one, other), percent in PUBLISHED.items():
        assert body["scores"][position[one]][position[other]] == pytest.approx(percent, abs=0.5)
    assert [row[place] for place, row in enumerate(body["scores"])] == [100.0] * 5


def test_every_door_answers_and_its_address_is_printed(product: Product) -> None:
    log = product.log.read_text()
    run = product.get(f"{product.scores}/v1/runs/current").json()["id"]
    assert f"the newest run is {run}: 5 fragments of built-in" in log
    doors = {"NTDEMO_PORT": "/docs", "TRAINER_PORT": "/docs", "VIZ_DASH_PORT": "/", "VIZ_BOKEH_PORT": "/", "CHATBOT_PORT": "/"}
    for name, path in doors.items():
        assert f"http://localhost:{product.ports[name]}{path}" in log
        assert product.get(f"http://127.0.0.1:{product.ports[name]}{path}").status_code == 200


def test_pages_show_the_jobs_of_the_trainer_wherever_it_listens(product: Product) -> None:
    request = {
        "output": "..jobs-view.children...trainer.data..",
        "outputs": [{"id": "jobs-view", "property": "children"}, {"id": "trainer", "property": "data"}],
        "inputs": [{"id": "jobs-beat", "property": "n_intervals", "value": 1}],
        "state": [{"id": "trainer", "property": "data", "value": None}],
        "changedPropIds": ["jobs-beat.n_intervals"],
    }
    with httpx.Client(trust_env=False, timeout=30) as client:
        shown = client.post(f"http://127.0.0.1:{product.ports['VIZ_DASH_PORT']}/_dash-update-component", json=request)
    assert "factors from " in shown.text  # the data decide the objective


def test_a_second_start_on_busy_ports_says_which_and_stops(product: Product, tmp_path: Path) -> None:
    second = Product(tmp_path / "state", {name: str(port) for name, port in product.ports.items()})
    second.start()
    assert second.wait_for_exit() == 1
    lines = second.log.read_text().strip().splitlines()
    assert len(lines) == 5
    assert f"Port {product.ports['NTDEMO_PORT']} (scores-api) cannot be used" in lines[0]


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_and_the_next_start_reuses_the_run(state: Path) -> None:
    # Its own product on the module's state would fight for the lock, so it uses a copy of the story: start, stop, start.
    own = state.parent / "restart"
    with Product(own) as first:
        first.wait_for_line("Ctrl-C stops everything")
        run = first.get(f"{first.scores}/v1/runs/current").json()["id"]
        assert first.stop() == 0
        assert first.leftovers() == []
    with Product(own) as second:
        second.wait_for_line("Ctrl-C stops everything")
        assert second.get(f"{second.scores}/v1/runs/current").json()["id"] == run
        assert len(second.get(f"{second.scores}/v1/runs").json()["items"]) == 1
        assert second.stop() == 0
        assert second.leftovers() == []


def test_a_broken_data_json_stops_the_start_with_a_sentence_that_names_file_field_and_value(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"fragment_comp": {"fA": [1, 0], "fB": [1, "x"]}, "comp_target_interaction": [[1], [0]]}))
    product = Product(tmp_path / "state", {"NTDEMO_DATA": str(data)})
    product.start()
    assert product.wait_for_exit() != 0
    log = product.log.read_text()
    last = log.strip().splitlines()[-1]
    assert str(data) in log
    assert "fB" in log
    assert "'x'" in log or '"x"' in log
    assert "Traceback" not in log
    assert last.startswith("ntdemo stopped because trainer did:")
    assert product.leftovers() == []


def test_a_state_directory_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    occupied = tmp_path / "state"
    occupied.write_text("a file, not a directory")
    product = Product(occupied)
    product.start()
    assert product.wait_for_exit() != 0
    log = product.log.read_text()
    assert str(occupied) in log
    assert "Traceback" not in log


def test_a_wrong_port_is_refused_in_words(tmp_path: Path) -> None:
    product = Product(tmp_path / "state", {"TRAINER_PORT": "many"})
    product.start()
    assert product.wait_for_exit() != 0
    log = product.log.read_text()
    assert "TRAINER_PORT" in log
    assert "Traceback" not in log


@pytest.mark.slow
def test_a_start_whose_data_fail_in_training_says_so_and_what_helps(tmp_path: Path) -> None:
    data = tmp_path / "assays.csv"
    data.write_text("smiles,t1,t2\nCCO,1,0\nno molecule,0,1\nc1ccccc1O,1,1\n")
    with Product(tmp_path / "state", {"NTDEMO_DATA": str(data)}) as product:
        line = product.wait_for_line("not ready:")
        assert "invalid-data" in line
        assert "assays.csv" in line
        assert "no molecule" in line
        assert "NTDEMO_ON_ERROR=skip" in line
        assert product.stop() == 0
        assert product.leftovers() == []
