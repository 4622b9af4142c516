"""Who answers a message, and what the bot gets to read."""

from chatbot.conversation import Conversation, Speaker, Turn
from chatbot.fragments.answering import FragmentAnswers
from chatbot.fragments.scores import FragmentScores
from chatbot.network.engine import ReplyEngine

VIZ = "http://localhost:8050"


def user(text: str) -> Turn:
    return Turn(text, Speaker.USER)


def bot(text: str) -> Turn:
    return Turn(text, Speaker.BOT)


def read(*turns: Turn) -> list[str]:
    fragments = FragmentAnswers(lambda: FragmentScores("http://127.0.0.1:9"), viz_url=VIZ)
    return Conversation(ReplyEngine(rows=1, waiting=0), fragments).network_turns(turns)


def test_answers_about_fragments_and_their_questions_are_not_read_by_the_bot() -> None:
    turns = [
        user("Hello"),
        bot("Hi there"),
        user("what is like fB?"),
        bot("Most like fB: fC 98 %."),
        user("why?"),
        bot("Because of what was measured."),
        user("Nice weather"),
    ]
    assert read(*turns) == ["Hello", "Hi there", "Nice weather"]


def test_a_message_that_nothing_was_looked_up_for_is_read() -> None:
    assert read(user("what is like love?")) == ["what is like love?"]


def test_turns_of_one_side_are_one_and_tools_are_none() -> None:
    turns = [user("Hello"), user("How are you?"), bot(""), Turn("{}", Speaker.TOOL), bot("Well."), user("Good")]
    assert read(*turns) == ["Hello How are you?", "Well.", "Good"]


def test_control_characters_are_not_read() -> None:
    assert read(user("Hel\x00lo\u202e you")) == ["Hel lo you"]
