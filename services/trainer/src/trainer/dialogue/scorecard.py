"""The scorecard of a trained network on held-out conversations, beside TF-IDF, chance and the humans themselves."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dialogue.bundle import Language, Opening, RankingRow, ReplyRow, Scorecard
from dialogue.decoding import GREEDY, SAMPLED
from trainer.dialogue.corpus.exchanges import Exchange
from trainer.dialogue.corpus.reading import read_corpus
from trainer.dialogue.corpus.starter import openings_file
from trainer.dialogue.diversity import describe_replies
from trainer.dialogue.evaluation import candidate_log_p, reply_log_p, units_scored
from trainer.dialogue.replies import reply_to
from trainer.dialogue.retrieval import TfIdf, nearest
from trainer.dialogue.tokens import SPECIAL_TOKENS
from trainer.dialogue.training import DialogueResult
from trainer.dialogue.wording import plain

__all__ = ["hit_rate", "measure", "openings"]

_CASES: Final = 500
_CANDIDATES: Final = 20
_FITTED: Final = 100_000
_MMI: Final = 0.5


def measure(result: DialogueResult, *, seed: int = 0) -> Scorecard | None:
    """Everything DESIGN asks of a card, deterministic; None where fewer than 40 held-out exchanges make it meaningless."""
    held_out = result.prepared.held_out_exchanges
    if len(held_out) < 2 * _CANDIDATES:
        return None
    cases_N = np.sort(np.random.default_rng((seed, 3)).permutation(len(held_out))[:_CASES])
    cases = [held_out[case] for case in cases_N]
    learned = result.prepared.train_exchanges
    fitted = [learned[at] for at in np.random.default_rng((seed, 4)).permutation(len(learned))[:_FITTED]]
    tf_idf = TfIdf([text for exchange in fitted for text in (exchange.context[-1], exchange.reply)], result.spec.language)
    return Scorecard(
        exchanges=len(held_out),
        unit="word" if result.spec.language is Language.ENGLISH else "character",
        perplexity=_perplexity(result),
        coverage_percent=_coverage(result, held_out),
        standard_error=math.sqrt(0.3 * 0.7 / len(cases)),
        ranking=_ranking(result, tf_idf, cases_N, seed),
        replies=_replies(result, tf_idf, cases, fitted, seed),
    )


def openings(result: DialogueResult, *, seed: int = 0) -> list[Opening]:
    """The bot's answers to the twenty openings of our own writing that no training learns from, drawn as it is served."""
    asked = [found.turns for found in read_corpus(openings_file(result.spec.language))]
    contexts = [(turns[0].text,) for turns in asked]
    replies = reply_to(result.network, result.prepared.tokens, contexts, decoding=SAMPLED, seed=seed)
    return [
        Opening(message=turns[0].text, reply=reply, reference=turns[1].text)
        for turns, reply in zip(asked, replies, strict=True)
    ]


def hit_rate(scores_NC: NDArray[np.float64]) -> float:
    """How often column 0, the truth, has the highest score; a tie with k others counts 1/(k + 1)."""
    best_N = scores_NC.max(1)
    is_best_NC = scores_NC == best_N[:, None]
    return float((is_best_NC[:, 0] / is_best_NC.sum(1)).mean())


def _perplexity(result: DialogueResult) -> float:
    """Per word or character, on all held-out exchanges."""
    data = result.prepared
    rows = np.arange(len(data.held_out))
    nats = -float(reply_log_p(result.network, data.held_out, rows).sum())
    return math.exp(nats / units_scored(data.held_out, rows, data.tokens, result.spec.language))


def _coverage(result: DialogueResult, held_out: Sequence[Exchange]) -> float:
    encoded = result.prepared.tokens.encode([exchange.context[-1] for exchange in held_out])
    return 100 * sum(SPECIAL_TOKENS.unknown not in row for row in encoded) / len(encoded)


def _ranking(result: DialogueResult, tf_idf: TfIdf, cases_N: NDArray[np.int64], seed: int) -> list[RankingRow]:
    held_out = result.prepared.held_out_exchanges
    contexts = tf_idf.vectors([" ".join(exchange.context) for exchange in held_out])
    replies = tf_idf.vectors([exchange.reply for exchange in held_out])
    sets = {
        "random": _random_candidates(held_out, cases_N, seed),
        "hard": _hard_candidates(held_out, tf_idf, cases_N),
    }
    rates: dict[str, dict[str, float]] = {name: {} for name in ("log p", "mmi", "pmi", "tf-idf", "random")}
    lengths = result.prepared.held_out.target_lengths
    for kind, candidates_NC in sets.items():
        log_p_NC, alone_NC = candidate_log_p(result.network, result.prepared.held_out, cases_N, candidates_NC)
        rates["log p"][kind] = hit_rate(log_p_NC / lengths[candidates_NC])
        rates["mmi"][kind] = hit_rate((log_p_NC - _MMI * alone_NC) / lengths[candidates_NC])
        rates["pmi"][kind] = hit_rate((log_p_NC - alone_NC) / lengths[candidates_NC])
        rates["tf-idf"][kind] = hit_rate(_alike(contexts[cases_N], replies, candidates_NC))
        rates["random"][kind] = 1 / _CANDIDATES
    return [RankingRow(name=name, random=rate["random"], hard=rate["hard"]) for name, rate in rates.items()]


def _alike(contexts: sparse.csr_array, replies: sparse.csr_array, candidates_NC: NDArray[np.int64]) -> NDArray[np.float64]:
    rows = [(contexts[[at]] @ replies[candidates_C].T).toarray()[0] for at, candidates_C in enumerate(candidates_NC)]
    return np.array(rows)


def _random_candidates(held_out: Sequence[Exchange], cases_N: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The truth first, then 19 exchanges with other replies."""
    random = np.random.default_rng((seed, 5))
    return np.array([_others(held_out, case, random.permutation(len(held_out))) for case in cases_N.tolist()])


def _hard_candidates(held_out: Sequence[Exchange], tf_idf: TfIdf, cases_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """The truth first, then the replies to the 19 likest last messages."""
    messages = tf_idf.vectors([exchange.context[-1] for exchange in held_out])
    order = nearest(messages[cases_N], messages, len(held_out))
    return np.array([_others(held_out, case, row) for case, row in zip(cases_N.tolist(), order, strict=True)])


def _others(held_out: Sequence[Exchange], case: int, order: NDArray[np.int64]) -> list[int]:
    chosen, texts = [case], {plain(held_out[case].reply)}
    for other in order.tolist():
        text = plain(held_out[other].reply)
        if text not in texts:
            chosen.append(other)
            texts.add(text)
        if len(chosen) == _CANDIDATES:
            return chosen
    return (chosen * _CANDIDATES)[:_CANDIDATES]


def _replies(
    result: DialogueResult, tf_idf: TfIdf, cases: Sequence[Exchange], fitted: Sequence[Exchange], seed: int
) -> list[ReplyRow]:
    messages = [exchange.context[-1] for exchange in cases]
    contexts = [exchange.context for exchange in cases]
    likest_N = nearest(tf_idf.vectors(messages), tf_idf.vectors([exchange.context[-1] for exchange in fitted]), 1)[:, 0]
    chance_N = np.random.default_rng((seed, 6)).integers(len(fitted), size=len(cases))
    network, tokens = result.network, result.prepared.tokens
    sets = {
        "greedy": reply_to(network, tokens, contexts, decoding=GREEDY, seed=seed),
        "sampled": reply_to(network, tokens, contexts, decoding=SAMPLED, seed=seed),
        "tf-idf": [fitted[at].reply for at in likest_N],
        "random": [fitted[at].reply for at in chance_N],
        "human": [exchange.reply for exchange in cases],
    }
    learned = {plain(exchange.reply) for exchange in result.prepared.train_exchanges}
    return [
        describe_replies(name, replies, messages, learned=learned, language=result.spec.language)
        for name, replies in sets.items()
    ]
