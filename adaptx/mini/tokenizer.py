"""The tokenizer of ``nano``: byte-pair encoding within one script, learnt from equally much text of every language.

Owns the vocabulary; reads nothing but the generated text. Pieces hold at most `LONGEST_PIECE` characters, so that names
and most words are several pieces: a word that is one piece loses all meaning by one typo. Every character has a piece
or is spelt in bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from string import ascii_letters, digits, punctuation

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import XLMRobertaTokenizerFast

from adaptx.mini.lessons import STAGES, Lesson
from adaptx.mini.lexicon import language, tags

__all__ = ["build"]

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
BREAK = "\x1f"  # between words of the text to learn from, where the language has no spaces
LONGEST_PIECE = 7  # characters, with the mark of a word's beginning
SENTENCES = 4000  # per language
LETTERS = ascii_letters + digits + punctuation + "äöüßÄÖÜáéíóúñÁÉÍÓÚÑàâçèêëîïôûùœÀÂÇÈÊËÎÏÔÛ¿¡"
RUNS = "Han Hiragana Hangul Arabic Devanagari Latin".split()
WORD = "|".join((*(rf"▁?\p{{{script}}}+" for script in RUNS), r"▁?[\p{Katakana}ー]+", r"\p{N}", r"[^\p{L}\p{M}\p{N}▁]"))


def build(size: int, longest: int) -> XLMRobertaTokenizerFast:
    """Return a tokenizer of ``size`` pieces, special ones and bytes included, for texts of ``longest`` tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _pieces_within(pre_tokenizers.Split(BREAK, behavior="removed"))
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(BYTES) - 1,
        special_tokens=list(SPECIAL),
        initial_alphabet=["▁", *LETTERS],
        max_token_length=LONGEST_PIECE,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_text(), trainer)
    return _to_transformers(_with_bytes(tokenizer), longest)


def _text() -> Iterator[str]:
    """Yield as many sentences in every language, all of them of the split for pretraining."""
    for index in range(SENTENCES):
        for tag in tags():
            sentence = Lesson(index, len(STAGES)).sentence(tag)
            yield sentence.text if language(tag).spaces else BREAK.join(token.text for token in sentence.tokens)


def _pieces_within(*cuts: pre_tokenizers.PreTokenizer) -> pre_tokenizers.PreTokenizer:
    """Return what cuts a text into the stretches that no piece may cross: words with their space, runs of a script."""
    script = pre_tokenizers.Split(Regex(WORD), behavior="isolated")
    return pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), *cuts, script])


def _with_bytes(tokenizer: Tokenizer) -> Tokenizer:
    """Return the tokenizer with a piece for each byte, for characters that were not in the text."""
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = dict(model["vocab"])
    for piece in (*BYTES, "<mask>"):
        vocabulary[piece] = len(vocabulary)
    merges = [tuple(pair) for pair in model["merges"]]
    whole = Tokenizer(models.BPE(vocabulary, merges, unk_token=SPECIAL[3], byte_fallback=True))
    whole.normalizer, whole.pre_tokenizer = tokenizer.normalizer, _pieces_within()
    return whole


def _to_transformers(tokenizer: Tokenizer, longest: int) -> XLMRobertaTokenizerFast:
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(special, SPECIAL.index(special)) for special in ("<s>", "</s>")],
    )
    mask = AddedToken("<mask>", lstrip=True, special=True)
    return XLMRobertaTokenizerFast(tokenizer_object=tokenizer, mask_token=mask, model_max_length=longest)
