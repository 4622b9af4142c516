import re

from fastapi.testclient import TestClient


def test_docs_ask_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "swagger-ui-bundle.js" in page
    assert not re.findall(r"(?:https?:)?//[a-z]", page)


def test_everything_that_docs_load_is_served_here(client: TestClient) -> None:
    page = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) >= 3
    for address in [*loaded, "openapi.json"]:
        assert client.get(f"/{address}").status_code == 200, address
