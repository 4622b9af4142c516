from fastapi.testclient import TestClient
from tests.servicekit.conftest import Readiness


def test_healthz_names_the_service_and_its_version(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"service": "kettle", "version": "1.2.3"}


def test_readyz_is_200_when_nothing_is_missing(client: TestClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "missing": {}}


def test_readyz_is_503_and_names_what_is_missing(client: TestClient, readiness: Readiness) -> None:
    readiness.missing["water"] = "the kettle is empty"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert response.json() == {"ready": False, "missing": {"water": "the kettle is empty"}}
