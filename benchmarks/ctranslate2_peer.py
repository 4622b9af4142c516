"""A peer of benchmarks/dialogue.py: CTranslate2 in 8 bits, greedy, over a Transformer of the same sizes with random weights.

What it costs does not depend on the weights. `ctranslate2` is an optional extra, `pip install 'ntdemo-trainer[peers]'`.
"""

import importlib
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["greedy_reply"]

FIRST_WORDS = ("<unk>", "<s>", "</s>")


def greedy_reply(sizes: Mapping[str, int], *, places: int, context: int, tokens: int) -> Callable[[], object]:
    """A call that writes exactly `tokens` tokens to a context of `context` tokens on one thread.

    Raises:
        ModuleNotFoundError: CTranslate2 is not installed.
    """
    ctranslate2 = importlib.import_module("ctranslate2")
    specs = importlib.import_module("ctranslate2.specs")
    layers = (sizes["encoder_layers"], sizes["decoder_layers"])
    spec = specs.TransformerSpec.from_config(
        layers, sizes["heads"], pre_norm=True, activation=specs.common_spec.Activation.RELU
    )
    _fill(spec, sizes, places)
    words = [*FIRST_WORDS, *(f"w{number}" for number in range(sizes["vocabulary"] - len(FIRST_WORDS)))]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    spec.optimize(quantization="int8")
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        translator = ctranslate2.Translator(folder, device="cpu", compute_type="int8", inter_threads=1, intra_threads=1)
    said = [[f"w{number}" for number in range(context)]]
    return lambda: translator.translate_batch(said, beam_size=1, min_decoding_length=tokens, max_decoding_length=tokens)


def _fill(spec: Any, sizes: Mapping[str, int], places: int) -> None:
    draw = np.random.default_rng(0)
    width, inner, vocabulary = sizes["width"], sizes["inner"], sizes["vocabulary"]

    def table(rows: int, columns: int) -> Any:
        return draw.normal(0, 0.05, (rows, columns)).astype(np.float32)

    def linear(layer: Any, rows: int, columns: int) -> None:
        layer.weight, layer.bias = table(rows, columns), np.zeros(rows, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def attention(block: Any, *projected: int) -> None:
        norm(block.layer_norm)
        for layer, times in zip(block.linear, (*projected, 1), strict=True):
            linear(layer, times * width, width)

    def inner_layers(block: Any) -> None:
        norm(block.layer_norm)
        linear(block.linear_0, inner, width)
        linear(block.linear_1, width, inner)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.embeddings[0].weight, decoder.embeddings.weight = table(vocabulary, width), table(vocabulary, width)
    encoder.position_encodings.encodings = decoder.position_encodings.encodings = table(places, width)
    linear(decoder.projection, vocabulary, width)
    for stack in (encoder, decoder):
        norm(stack.layer_norm)
        for layer in stack.layer:
            attention(layer.self_attention, 3)
            inner_layers(layer.ffn)
    for layer in decoder.layer:
        attention(layer.attention, 1, 2)
