from collections.abc import Iterator

from fastapi.testclient import TestClient

from servicekit.problems import MEDIA_TYPE


def test_a_body_over_its_limit_is_a_problem_with_and_without_a_stated_length(client: TestClient) -> None:
    def unstated() -> Iterator[bytes]:
        yield b'{"names": ["' + b"x" * 2000 + b'"]}'

    stated = client.post("/echo", json={"names": ["x" * 2000]})
    streamed = client.post("/echo", content=unstated(), headers={"content-type": "application/json"})
    for response in (stated, streamed):
        assert response.status_code == 413
        assert response.headers["content-type"] == MEDIA_TYPE
        assert response.json()["type"] == "/problems/content-too-large"
        assert response.json()["status"] == 413


def test_a_range_behind_the_end_is_a_problem_that_keeps_the_size(client: TestClient) -> None:
    response = client.get("/file", headers={"range": "bytes=10-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */10"
    assert response.json()["type"] == "/problems/range-not-satisfiable"


def test_a_malformed_range_is_a_problem(client: TestClient) -> None:
    response = client.get("/file", headers={"range": "lines=1-2"})
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/http-error"


def test_good_answers_pass_untouched(client: TestClient) -> None:
    assert client.get("/file").content == b"0123456789"
    assert client.get("/file", headers={"range": "bytes=2-4"}).content == b"234"
    assert client.get("/problems/not-found").headers["content-type"].startswith("text/markdown")
