"""Prompts and the tokenizer that reads them."""

import numpy as np
import pytest

from demo_world import DOMAINS, prompt, scene
from demo_world.model import build_text_encoder
from demo_world.prompts import known_words, scene_words, varied_prompt
from demo_world.tokens import END, MAX_LENGTH, START, build_tokenizer, token_ids


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return build_tokenizer(tmp_path_factory.mktemp("tokenizer"), known_words())


def test_every_domain_has_its_own_words():
    assert len({prompt(domain) for domain in DOMAINS}) == len(DOMAINS)
    assert prompt("night") == "a street at night"


def test_a_prompt_names_what_stands_in_the_scene():
    empty = next(s for s in map(scene, range(200)) if "no cars" in scene_words(s))
    busy = next(s for s in map(scene, range(200)) if "cars" in scene_words(s))
    assert "with no cars" in prompt("rain", empty)
    assert prompt("rain", busy).startswith("a street in the rain, with cars")


def test_training_prompts_vary_and_repeat_by_seed():
    def some(seed):
        words = np.random.Generator(np.random.PCG64(seed))
        return [varied_prompt(words, "snow", scene(1)) for _ in range(50)]

    assert some(1) == some(1)
    assert len(set(some(1))) > 25


def test_words_of_training_prompts_are_single_tokens(tokenizer):
    words = np.random.Generator(np.random.PCG64(3))
    for seed in range(60):
        text = varied_prompt(words, DOMAINS[seed % 6], scene(seed))
        spelled = text.replace(",", " ,").split()
        assert tokenizer.tokenize(text) == [f"{word}</w>" for word in spelled]


@pytest.mark.parametrize("text", ["a street at night", "hellö wørld", "日本 🚗", "(cars:1.2) !?"])
def test_any_text_survives_the_round_trip(tokenizer, text):
    read = tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True)
    assert read.replace(" ", "") == text.lower().replace(" ", "")


def test_the_end_has_the_highest_number_and_fills_the_rest(tokenizer):
    numbers = token_ids(tokenizer, ["a street", "", "snow " * 200])
    end, start = (tokenizer.convert_tokens_to_ids(token) for token in (END, START))
    assert end == len(tokenizer) - 1 == numbers.max()
    assert numbers.shape == (3, MAX_LENGTH)
    assert (numbers[:, 0] == start).all() and (numbers[:, -1] == end).all()
    assert (numbers[1, 1:] == end).all()


def test_the_text_encoder_reads_every_token(tokenizer):
    encoder = build_text_encoder(tokenizer)
    words = encoder(token_ids(tokenizer, ["a street at night"])).last_hidden_state
    assert words.shape == (1, MAX_LENGTH, encoder.config.hidden_size)
