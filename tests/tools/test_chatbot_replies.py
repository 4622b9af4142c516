"""The guide of what the shipped bots answer holds what their bundles hold."""

from tools import chatbot_replies

from dialogue.bundle import Language


def test_the_guide_is_what_the_shipped_bundles_say() -> None:
    text = chatbot_replies.GUIDE.read_text(encoding="utf-8")
    assert text == chatbot_replies.guide(), "run tools/chatbot_replies.py"


def test_twenty_openings_a_shipped_language_are_answered_in_it() -> None:
    shipped = [language for language in Language if (chatbot_replies.MODELS / language).is_dir()]
    text = chatbot_replies.GUIDE.read_text(encoding="utf-8")
    for language in shipped:
        part = text.split(f"## {chatbot_replies.NAMES[language]}\n", 1)[1].split("\n## ", 1)[0]
        answers = part.split("| opening | answer |\n|---|---|\n", 1)[1].strip().splitlines()
        assert len(answers) == 20
