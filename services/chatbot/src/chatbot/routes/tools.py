"""Tools: questions about fragments as a tool that any model can call, and what the page needs to show their answers."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from chatbot.fragments.answering import FragmentAnswers
from chatbot.fragments.lookups import ScoresRefuse, Unanswered
from chatbot.problems import SCORES_UNANSWERED, STRUCTURE_UNREADABLE
from chatbot.wire.parts import RequestModel, ResponseModel, Text
from dialogue.bundle import Language
from servicekit.excerpt import excerpt
from servicekit.problems import Problem, ProblemDocument

__all__ = ["FRAGMENTS_TOOL", "router"]

router = APIRouter(tags=["fragments"])
FRAGMENTS_TOOL: Final = "fragments"
_NOTHING_ASKED: Final = {
    Language.ENGLISH: "That is no question about fragments that I can look up.",
    Language.JAPANESE: "それは、調べられるフラグメントの質問ではありません。",
}


class FragmentsQuestion(RequestModel):
    """The arguments of the tool."""

    question: Annotated[Text, Field(description="As a user would ask it, in English or Japanese.")]
    language: Language = Language.ENGLISH
    earlier: Annotated[
        list[Text],
        Field(max_length=256, description="The user's messages before, oldest first, for questions such as `and fC?`."),
    ] = Field(default_factory=list)


class FragmentsFound(ResponseModel):
    """What the tool found: the answer in words, and as data where something was looked up."""

    text: str
    lookup: dict[str, Any]


class ToolDefinition(ResponseModel):
    """A tool as chat completions take it in `tools`."""

    type: Literal["function"] = "function"
    function: dict[str, Any]


class ToolList(ResponseModel):
    """The tools that there are."""

    data: list[ToolDefinition]


class Suggestions(ResponseModel):
    """Questions to ask."""

    questions: list[str]


@router.get("/v1/tools", summary="The tools that a bot calls when they are offered to it")
async def list_tools() -> ToolList:
    """Give them as `tools` of a chat completion; a call's arguments go to `/v1/tools/fragments`, its answer back."""
    parameters = {
        "type": "object",
        "properties": {
            "question": {"type": "string", "description": "The question, as a user would ask it, in English or Japanese."},
            "language": {"type": "string", "enum": [language.value for language in Language], "description": "Of the answer."},
            "earlier": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The user's messages before, oldest first.",
            },
        },
        "required": ["question"],
        "additionalProperties": False,
    }
    description = (
        "Looks up molecular fragments in the current run of ntdemo: what is most like one, how similar two are, "
        "what may replace one, what acts alike but looks different, how many there are, which targets, "
        "and what a molecule would do."
    )
    return ToolList(
        data=[ToolDefinition(function={"name": FRAGMENTS_TOOL, "description": description, "parameters": parameters})]
    )


@router.post("/v1/tools/fragments", summary="Answer a question about fragments", responses={422: {"model": ProblemDocument}})
async def ask_fragments(request: Request, body: FragmentsQuestion) -> FragmentsFound:
    """In words, with the data behind them."""
    fragments: FragmentAnswers = request.app.state.fragments
    question = fragments.question([*body.earlier, body.question])
    answer = await fragments.answer(question, body.language) if question is not None else None
    if answer is None:
        return FragmentsFound(text=_NOTHING_ASKED[body.language], lookup={})
    return FragmentsFound(text=answer.text, lookup=dict(answer.facts))


@router.get("/v1/suggestions", summary="Questions about the current run's fragments")
async def list_suggestions(request: Request, language: Language = Language.ENGLISH) -> Suggestions:
    """None while the scores API has nothing to ask about."""
    fragments: FragmentAnswers = request.app.state.fragments
    return Suggestions(questions=await fragments.suggestions(language))


@router.get(
    "/v1/drawings",
    summary="A fragment or molecule as a picture",
    response_class=Response,
    responses={
        200: {"content": {"image/svg+xml": {"schema": {"type": "string", "format": "binary"}}}},
        422: {"model": ProblemDocument},
        502: {"model": ProblemDocument},
    },
)
async def draw(request: Request, smiles: Annotated[str, Query(min_length=1, max_length=500)]) -> Response:
    """Of its SMILES, in any spelling, as the scores API draws it: a browser needs no way to that."""
    fragments: FragmentAnswers = request.app.state.fragments
    try:
        drawing = await fragments.drawing(smiles, request.headers.get("if-none-match"))
    except ScoresRefuse as error:
        raise Problem(STRUCTURE_UNREADABLE, f"{excerpt(smiles)!r} is no SMILES of a possible molecule.") from error
    except Unanswered as error:
        raise Problem(SCORES_UNANSWERED, f"The scores API did not draw it: {error}.") from error
    status = HTTPStatus.NOT_MODIFIED if drawing.svg is None else HTTPStatus.OK
    return Response(drawing.svg, status, headers=drawing.headers)
