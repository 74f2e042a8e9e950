"""A small CLIP tokenizer: byte pairs learnt from our own words, and every byte as a fallback."""

import json
from collections import Counter
from itertools import pairwise

from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
MAX_LENGTH = 77
WORD_END = "</w>"


def byte_symbols():
    """One printable symbol for each of the 256 bytes, as byte-level tokenizers write them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + step) for step in range(len(others))]


def merged(symbols, pair):
    """A word's symbols with every occurrence of a pair joined."""
    result, position = [], 0
    while position < len(symbols):
        if tuple(symbols[position : position + 2]) == pair:
            result.append(symbols[position] + symbols[position + 1])
            position += 2
        else:
            result.append(symbols[position])
            position += 1
    return result


def learn_merges(words):
    """Join the most frequent pair again and again until every word is one token."""
    spelled = [[*word[:-1], word[-1] + WORD_END] for word in words]
    merges = []
    while any(len(symbols) > 1 for symbols in spelled):
        pairs = Counter(pair for symbols in spelled for pair in pairwise(symbols))
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelled = [merged(symbols, best) for symbols in spelled]
    return merges


def vocabulary(merges):
    """Bytes, bytes that end a word, merges, and start and end with the highest numbers."""
    symbols = byte_symbols()
    tokens = symbols + [symbol + WORD_END for symbol in symbols]
    tokens += ["".join(pair) for pair in merges] + [START, END]
    return {token: index for index, token in enumerate(tokens)}


def write_tokenizer(folder, words):
    """Write vocab.json and merges.txt in CLIP's format."""
    folder.mkdir(parents=True, exist_ok=True)
    merges = learn_merges(words)
    text = json.dumps(vocabulary(merges), ensure_ascii=False, indent=0)
    (folder / "vocab.json").write_text(text, encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")


def build_tokenizer(folder, words):
    """Write a tokenizer's files from a list of words and return the tokenizer."""
    write_tokenizer(folder, words)
    tokenizer = CLIPTokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        model_max_length=MAX_LENGTH,
        bos_token=START,
        eos_token=END,
        unk_token=END,
        pad_token=END,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def token_ids(tokenizer, texts):
    """Token numbers of some texts, cut and padded to CLIP's length: [len(texts), 77]."""
    return tokenizer(
        list(texts),
        padding="max_length",
        truncation=True,
        max_length=MAX_LENGTH,
        return_tensors="pt",
    ).input_ids
