"""Who answers a message, and what the bot gets to read."""

from chatbot.conversation import Conversation, Turn
from chatbot.fragments.answering import FragmentAnswers
from chatbot.fragments.scores import FragmentScores
from chatbot.network.engine import ReplyEngine

VIZ = "http://localhost:8050"


def read(*turns: Turn) -> list[str]:
    fragments = FragmentAnswers(lambda: FragmentScores("http://127.0.0.1:9"), viz_url=VIZ)
    conversation = Conversation(ReplyEngine(rows=1, waiting=0), fragments, viz_url=VIZ)
    return conversation.network_turns(turns)


def test_answers_about_fragments_and_their_questions_are_not_read_by_the_bot() -> None:
    turns = [
        Turn("Hello", is_users=True),
        Turn("Hi there", is_users=False),
        Turn("what is like fB?", is_users=True),
        Turn(f"Most like fB: fC 98 %. Look at it here: {VIZ}/fragments?fragment=fB", is_users=False),
        Turn("Nice weather", is_users=True),
    ]
    assert read(*turns) == ["Hello", "Hi there", "Nice weather"]


def test_control_characters_are_not_read() -> None:
    assert read(Turn("Hel\x00lo\u202e you", is_users=True)) == ["Hel lo you"]
