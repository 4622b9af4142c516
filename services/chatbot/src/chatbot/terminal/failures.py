"""What can end a chat in the terminal, each with a sentence."""

__all__ = ["ChatRefused", "ChatbotAway", "CorporaAway", "TrainerAway", "TrainingFailed"]


class ChatbotAway(Exception):
    """The chatbot service does not answer."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The chatbot at {url} does not answer. Start it with `make run`, or alone with `ntdemo-chatbot`; "
            "CHATBOT_HOST and CHATBOT_PORT say where it is looked for."
        )


class CorporaAway(Exception):
    """The bot that came with the chatbot is to learn more, and what it learned from is not here."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} came with the chatbot, without the conversations that it learned from. Name some for it to learn: "
            "`--corpus talks.jsonl`, or `--corpus starter` for the four hundred exchanges that come with the trainer, "
            "which alone teach it to say these and little else."
        )


class ChatRefused(Exception):
    """The chatbot answered with a problem; `str` is its detail."""


class TrainerAway(Exception):
    """The trainer does not answer."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The trainer at {url} does not answer, so no training can be asked for. Start it with `make run`; "
            "NTDEMO_TRAINER_URL, or TRAINER_HOST and TRAINER_PORT, say where it is looked for."
        )


class TrainingFailed(Exception):
    """A file is not here, the trainer refused the job, or the job failed; `str` says which."""
