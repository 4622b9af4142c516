"""The tool `fragments`, suggestions and drawings, before a scores API that is away."""

from fastapi.testclient import TestClient


def test_the_tool_is_described_as_chat_completions_take_it(chat: TestClient) -> None:
    (tool,) = chat.get("/v1/tools").json()["data"]
    assert (tool["type"], tool["function"]["name"]) == ("function", "fragments")
    assert tool["function"]["parameters"]["required"] == ["question"]
    message = {"role": "user", "content": "what is like fB?"}
    answer = chat.post("/v1/chat/completions", json={"model": "ntdemo-en", "messages": [message], "tools": [tool]}).json()
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


def test_the_tool_answers_questions_about_fragments_and_says_when_it_is_none(chat: TestClient) -> None:
    away = chat.post("/v1/tools/fragments", json={"question": "fBに似ているのは？", "language": "ja"}).json()
    assert "応答していません" in away["text"]
    other = chat.post("/v1/tools/fragments", json={"question": "How are you?"}).json()
    assert other == {"text": "That is no question about fragments that I can look up.", "lookup": {}}
    follow_up = chat.post("/v1/tools/fragments", json={"question": "and fC?", "earlier": ["what is like fB?"]}).json()
    assert "does not answer" in follow_up["text"]


def test_nothing_is_suggested_while_there_is_nothing_to_ask_about(chat: TestClient) -> None:
    assert chat.get("/v1/suggestions", params={"language": "ja"}).json() == {"questions": []}


def test_a_fragment_is_drawn(chat: TestClient) -> None:
    answer = chat.get("/v1/drawings", params={"smiles": "[*]N1CCOCC1"})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.rstrip().endswith("</svg>")
    wrong = chat.get("/v1/drawings", params={"smiles": "morpholine"})
    assert wrong.status_code == 422
    assert wrong.json()["type"] == "/problems/smiles-unreadable"
