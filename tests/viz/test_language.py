"""What the pages say in other languages: the catalogues are whole, and a request is answered in its language."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from fastapi.testclient import TestClient
from tools import translations

import viz
from viz.app import create_app
from viz.language import LANGUAGES, _, around, joined, ngettext, speaking, word
from viz.negotiation import negotiated
from viz.pages.frame import carried
from viz.settings import Settings

_HOME = Path(viz.__file__).parent
_MODULES = sorted(_HOME.rglob("*.py"))
_MARKS = {"_": 1, "N_": 1, "ngettext": 2}
_OTHERS = [path.stem for path in translations.CATALOGUES]


def _calls(path: Path) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))


def _marked(path: Path) -> Iterator[str | tuple[str, ...]]:
    """Messages of a module, by another way than Babel's, which overlooks those within others and within f-strings."""
    for call in _calls(path):
        count = _MARKS.get(call.func.id, 0) if isinstance(call.func, ast.Name) else 0
        literals = [each.value for each in call.args[:count] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if count and len(literals) == count:
            yield literals[0] if count == 1 else tuple(literals)


def _places(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _text, name, spec, _conversion in Formatter().parse(text) if name is not None}


def test_every_language_beside_english_has_a_catalogue() -> None:
    assert sorted(set(LANGUAGES) - {"en"}) == _OTHERS


def test_every_message_of_the_code_is_found() -> None:
    marked = {message for path in _MODULES for message in _marked(path)}
    assert {message.id for message in translations.extracted() if message.id} == marked


@pytest.mark.parametrize("language", _OTHERS)
def test_a_catalogue_has_every_message_translated_and_no_other(language: str) -> None:
    (path,) = [each for each in translations.CATALOGUES if each.stem == language]
    said = {message.id: message for message in translations.catalogue(path) if message.id}
    assert set(said) == {message.id for message in translations.extracted() if message.id}, "run `make translations`"
    for key, message in said.items():
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        assert not message.fuzzy, key
        for form in forms or ("",):
            assert form.strip(), f"{key!r} is not translated"
            assert _places(form) == _places(key if isinstance(key, str) else key[-1]), key


@pytest.mark.parametrize("language", _OTHERS)
def test_what_is_read_is_what_stands_in_the_catalogue(language: str) -> None:
    (path,) = [each for each in translations.CATALOGUES if each.stem == language]
    assert path.read_bytes() == translations.updated(path), "run `make translations`"
    assert path.with_suffix(".mo").read_bytes() == translations.compiled(path), "run `make translations`"


_SHOWN = re.compile(r"[A-Za-z]{2,}")
_NO_WORDS = {"ntdemo", "SMILES", "UTC"}


_TELLING = {"NoRun", "NotInRun", "NotOffered", "NotTold", "Refused", "Unreadable", "Unshowable", "UpstreamAway", "__init__"}
"""Failures, which the pages tell: any module raises them, and `failures` itself hands sentences to its base class."""


def _literals(part: ast.AST) -> Iterator[str]:
    """Texts of an expression, those of an f-string as one; what another call is given is that one's."""
    if isinstance(part, ast.Constant):
        yield from [part.value] if isinstance(part.value, str) else []
    elif isinstance(part, ast.JoinedStr):
        yield "".join(text for each in part.values if isinstance(each, ast.Constant) for text in _literals(each))
    elif not isinstance(part, (ast.Call, ast.Subscript, ast.Compare)):
        for each in ast.iter_child_nodes(part):
            yield from _literals(each)


def _said(call: ast.Call, *, page: bool) -> list[ast.expr]:
    """The arguments of a call that readers see."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _TELLING:
        return [*call.args, *(each.value for each in call.keywords)]
    if not page:
        return []
    element = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in {"html", "dcc"}
    shown = call.args[:1] if element else call.args if name == "notice" else []
    return [*shown, *(each.value for each in call.keywords if each.arg in {"label", "title"})]


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.relative_to(_HOME).with_suffix("").as_posix())
def test_nothing_is_said_that_is_not_translated(path: Path) -> None:
    unmarked = [
        (call.lineno, literal)
        for call in _calls(path)
        for part in _said(call, page=path.parent.name == "pages")
        for literal in _literals(part)
        if _SHOWN.search(literal) and literal.strip() not in _NO_WORDS
    ]
    assert unmarked == []


def test_no_message_ends_the_element_that_carries_it() -> None:
    told: dict[str, str | list[str]] = {"one": "</script><script>", "two": ["<!--", "本"]}
    element = carried(told)
    assert element.count("<") == 2
    assert json.loads(element.partition(">")[2].rpartition("<")[0]) == told


def test_every_word_that_scripts_ask_for_is_on_the_page() -> None:
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=9))) as client:
        page = client.get("/?lang=ja").text
    (carried,) = re.findall(r'<script type="application/json" id="said-in-browser">(.*?)</script>', page)
    said = json.loads(carried)
    scripts = "".join(path.read_text("utf-8") for path in (_HOME / "assets").glob("*.js"))
    asked = set(re.findall(r'\bsaid\((?:[^()"]*\? )?"([a-z-]+)"(?: : "([a-z-]+)")?', scripts))
    assert {name for names in asked for name in names if name} == set(said)


@pytest.mark.parametrize(
    ("named", "accepted", "language"),
    [
        ([], "", "en"),
        ([None], "ja", "ja"),
        ([None], "ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ([None], "en-GB, ja;q=0.9", "en"),
        ([None], "fr, ja;q=0.2, en;q=0.3", "en"),
        ([None], "ja;q=0, *", "en"),
        ([None], "ja;q=x", "en"),
        ([None, "ja"], "en", "ja"),
        ([None, "xx"], "ja", "ja"),
        (["en", "ja"], "ja", "en"),
        (["ja", "en"], "en", "ja"),
    ],
)
def test_what_a_request_names_goes_before_what_the_browser_prefers(
    named: list[str | None], accepted: str, language: str
) -> None:
    assert negotiated(named, accepted) == language


@pytest.fixture
def lonely() -> Iterator[TestClient]:
    """viz whose scores API is away, asked by a browser that has no cookie yet."""
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=9))) as client:
        yield client


def test_the_page_and_its_callbacks_are_said_in_the_language_of_the_cookie(lonely: TestClient) -> None:
    assert '<html lang="en">' in lonely.get("/words").text
    switched = lonely.get("/words?lang=ja")
    assert '<html lang="ja">' in switched.text
    assert (switched.headers["content-language"], switched.headers["set-cookie"].split(";")[0]) == ("ja", "lang=ja")
    assert "Cookie" in switched.headers["vary"]
    assert '<html lang="ja">' in lonely.get("/fragments").text
    layout = lonely.get("/_dash-layout")
    assert "本文へ移動" in layout.text
    assert "Cookie" in layout.headers["vary"]
    assert "content-language" not in lonely.get("/assets/viz.css").headers
    turned = {
        "output": "..content.children...title.data..",
        "outputs": [{"id": "content", "property": "children"}, {"id": "title", "property": "data"}],
        "inputs": [{"id": "address", "property": "pathname", "value": "/words"}],
    }
    assert lonely.post("/_dash-update-component", json=turned).json()["response"]["title"]["data"] == "用語"
    assert '<html lang="en">' in lonely.get("/words?lang=en").text
    assert lonely.post("/_dash-update-component", json=turned).json()["response"]["title"]["data"] == "Words"


@pytest.mark.parametrize("query", ["lang=xx", "lang=", "lang=ja%00", 'lang="><script>', "lang=%ff"])
def test_a_language_that_there_is_not_sets_no_cookie(lonely: TestClient, query: str) -> None:
    answer = lonely.get(f"/?{query}")
    assert '<html lang="en">' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("query", "of_page", "kept", "language"),
    [
        ("", None, "ja", "ja"),
        ("", "en", "ja", "en"),
        ("", "ja", "en", "ja"),
        ("", "ja", None, "ja"),
        ("", "xx", "ja", "ja"),
        ("", "", "ja", "ja"),
        ("?lang=en", "ja", "ja", "en"),
    ],
)
def test_the_address_goes_before_the_page_that_asks_and_that_before_the_cookie(
    lonely: TestClient, query: str, of_page: str | None, kept: str | None, language: str
) -> None:
    headers = {"Accept-Language": "en"}
    headers |= {} if kept is None else {"Cookie": f"lang={kept}"}
    headers |= {} if of_page is None else {"Page-Language": of_page}
    answer = lonely.get(f"/_dash-layout{query}", headers=headers)
    assert answer.headers["content-language"] == language
    assert ("本文へ移動" in answer.text) == (language == "ja")
    assert "Page-Language" in answer.headers["vary"]


@pytest.mark.parametrize(
    "path", ["/docs", "/healthz", "/openapi.json", "/v1/nothing", "/_dash-dependencies", "/assets/said.js"]
)
def test_what_says_nothing_of_ours_is_not_called_japanese(lonely: TestClient, path: str) -> None:
    headers = lonely.get(path, headers={"Accept-Language": "ja"}).headers
    assert "content-language" not in headers
    assert "Accept-Language" not in headers.get("vary", "")


def test_a_failure_is_told_in_the_language_of_the_request(lonely: TestClient) -> None:
    path, query = "/exports/neighbours.csv", {"fragment": "fB"}
    assert "does not answer" in lonely.get(path, params=query).json()["detail"]
    answer = lonely.get(path, params=query, headers={"Accept-Language": "ja"})
    assert "が応答しません" in answer.json()["detail"]
    assert answer.headers["content-language"] == "ja"


def test_a_message_is_filled_and_counts_choose_its_form() -> None:
    assert _("There is no page at {path}.", path="/{x}") == "There is no page at /{x}."
    one, many = (
        "The model has {rank} factor: this view is its whole space.",
        "The model has {rank} factors: this view is its whole space.",
    )
    assert [ngettext(one, many, rank, rank=rank)[:21] for rank in (1, 2)] == ["The model has 1 facto", "The model has 2 facto"]
    assert ngettext(one, many, 1, rank=1) != ngettext(one, many, 2, rank=2).replace("2", "1")
    assert joined("One.", "", "Two.") == "One. Two."
    with speaking("ja"):
        assert _("There is no page at {path}.", path="/{x}") == "/{x} というページはありません。"
        assert _("not in any catalogue") == "not in any catalogue"
        assert _("") == ""
        assert joined("一。", "二。") == "一。二。"
    assert _("Words") == "Words"


def test_a_message_stands_around_what_is_no_text() -> None:
    link = object()
    assert around("Choose {one} or {two}.", one=link, two="another") == ["Choose ", link, " or ", "another", "."]
    assert around("{one}", one=link) == [link]
    assert around("nothing") == ["nothing"]


def test_what_others_named_is_not_translated_though_a_message_is_called_so() -> None:
    with speaking("ja"):
        assert _("Words") == "用語"
        assert word({"w": "Words"}, "w") == "用語"
        assert word({"w": "Words"}, "Words") == "Words"
