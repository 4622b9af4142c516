"""What a scrape learns of the store and of predictions."""

from fastapi.testclient import TestClient


def _scraped(client: TestClient) -> dict[str, float]:
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith("scores_")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_the_store_is_told_as_it_is_served(client: TestClient) -> None:
    runs = client.get("/v1/runs").json()["items"]
    scraped = _scraped(client)
    assert scraped["scores_runs"] == len(runs)
    assert scraped["scores_store_version"] >= len(runs) - 1
    assert scraped["scores_run_fit_seconds"] == runs[0]["seconds"]
    assert scraped["scores_run_age_seconds"] > 0


def test_compounds_are_counted_not_questions(client: TestClient) -> None:
    before = _scraped(client)["scores_predictions_total"]
    client.post("/v1/predictions", json={"compounds": [{"fragments": ["fA"]}, {"fragments": ["fB"]}]})
    assert _scraped(client)["scores_predictions_total"] == before + 2
