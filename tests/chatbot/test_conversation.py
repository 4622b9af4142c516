"""Who answers a message, and what the bot gets to read."""

from chatbot.conversation import Conversation, Turn
from chatbot.fragments.desk import FragmentDesk
from chatbot.fragments.scores import FragmentScores
from chatbot.network.engine import Engine

VIZ = "http://localhost:8050"


def read(*turns: Turn) -> list[str]:
    desk = FragmentDesk(lambda: FragmentScores("http://127.0.0.1:9"), viz_url=VIZ)
    conversation = Conversation(Engine(rows=1, waiting=0), desk, viz_url=VIZ)
    return conversation.spoken(turns)


def test_answers_about_fragments_and_their_questions_are_not_read_by_the_bot() -> None:
    turns = [
        Turn("Hello", users=True),
        Turn("Hi there", users=False),
        Turn("what is like fB?", users=True),
        Turn(f"Most like fB: fC 98 %. Look at it here: {VIZ}/fragments?fragment=fB", users=False),
        Turn("Nice weather", users=True),
    ]
    assert read(*turns) == ["Hello", "Hi there", "Nice weather"]


def test_control_characters_are_not_read() -> None:
    assert read(Turn("Hel\x00lo\u202e you", users=True)) == ["Hel lo you"]
