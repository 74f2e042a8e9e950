"""The nodes say all of it in every language, and say what the English says now."""

import json
import re
from collections import Counter

import pytest

from tools.environment import ROOT
from tools.locales import (
    ENGLISH,
    LANGUAGES,
    TABLE,
    definitions,
    english,
    load,
    missing,
    placed,
    renewed,
    translated,
)

NODES = load(ROOT / "tests" / "comfy" / "object_info.json")
SHOWN = load(definitions(ENGLISH))
TRANSLATIONS = load(TABLE)
ADVICE = (
    "Run `python -m tools.locales`, fill in what is empty in tools/translations.json, and run it "
    "again with --stored."
)
HAN, KANA, HANGUL = r"\u4e00-\u9fff", r"\u3040-\u30ff", r"\uac00-\ud7a3"
SCRIPTS = {"zh": f"[{HAN}]", "ja": f"[{KANA}{HAN}]", "ko": f"[{HANGUL}]"}
ABBREVIATIONS = {"CFG", "CLIP", "VAE"}
# What no language translates: names, symbols, ends of files, what is typed, and the words that the
# editor's own translations keep.
KEPT = (
    "S2ST, ComfyUI, Stable Diffusion, XL, 1.x, 2.x, DDIM, MIDMs, GradOP, Adam, diffusers, "
    "SamplerCustomAdvanced, CPU, CFG, CLIP, VAE, Latent, Checkpoint, Sigma, Alpha, T, w, sigma, "
    "lambda_s, lambda_a, v-prediction, 128 x 128, .look.safetensors, .s2st.json, "
    ".translator.safetensors, .scene-network.safetensors, train-many-to-one, train-exemplar, "
    "#rrggbb, a red car, tolerance: 0.25 0.5"
)
# The editor's messages take these for variables, links and plurals.
MARKS = set("{}@|")
NODE = {
    "display_name": "S2ST Draw",
    "description": "Draws.",
    "input": {
        "required": {"steps": ["INT", {"tooltip": "How many."}]},
        "optional": {"what": ["STRING", {"tooltip": "Of it.", "display_name": "what it is"}]},
    },
    "output_name": ["image"],
    "output_tooltips": ["Draws."],
}
DRAW = {
    "S2ST_Draw": {
        "display_name": "S2ST Draw",
        "description": "Draws.",
        "inputs": {
            "steps": {"name": "steps", "tooltip": "How many."},
            "what": {"name": "what it is", "tooltip": "Of it."},
        },
        "outputs": {"0": {"name": "image", "tooltip": "Draws."}},
    }
}


def in_words(language):
    """(the English text, the translation) of everything in the table."""
    return [(text, words[language]) for text, words in TRANSLATIONS.items()]


def options():
    """Names of choices, which the editor shows as they are."""
    facts = [one for node in NODES.values() for one in node["inputs"].values()]
    listed = [one.get("options", one["type"]) for one in facts]
    return {name for names in listed if isinstance(names, list) for name in names}


def test_texts_are_those_of_our_nodes():
    assert english({"S2ST_Draw": NODE, "KSampler": {}}) == DRAW


def test_a_text_stands_once_in_the_table_and_waits_there():
    table = renewed({"Draws.": {"zh": "绘制。"}, "Gone.": {"zh": "没了。"}}, DRAW)
    texts = ["S2ST Draw", "Draws.", "steps", "How many.", "what it is", "Of it.", "image"]
    assert list(table) == texts
    assert table["Draws."] == {"zh": "绘制。", "ja": "", "ko": ""}
    chinese = translated(DRAW, table, "zh")["S2ST_Draw"]
    assert chinese["outputs"]["0"] == {"name": "image", "tooltip": "绘制。"}
    assert missing(table, DRAW)[1] == "S2ST_Draw.description: no ja and ko of 'Draws.'."


def test_every_node_input_and_output_has_texts():
    assert {
        name: (list(node["inputs"]), [one["name"] for one in node["outputs"].values()])
        for name, node in SHOWN.items()
    } == {
        name: ([key.split(".", 1)[1] for key in node["inputs"]], list(node["outputs"]))
        for name, node in NODES.items()
    }, ADVICE


def test_every_text_is_translated_and_no_other():
    waiting = missing(TRANSLATIONS, SHOWN)
    assert not waiting, "\n".join([*waiting, ADVICE])
    assert set(TRANSLATIONS) == {text for _, text in placed(SHOWN)}, ADVICE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_editor_gets_what_the_table_says(language):
    assert load(definitions(language)) == translated(SHOWN, TRANSLATIONS, language), ADVICE


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_in_english(language):
    kept = sorted([*KEPT.split(", "), *options()], key=len, reverse=True)
    kept = re.compile("|".join(rf"(?<![a-zA-Z]){re.escape(one)}(?![a-zA-Z])" for one in kept))
    for text, said in in_words(language):
        assert said in ABBREVIATIONS or re.search(SCRIPTS[language], said), text
        assert re.findall("[a-zA-Z]+", kept.sub(" ", said)) == [], said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_kept(language):
    for text, said in in_words(language):
        told, asked = (Counter(re.findall(r"\d+(?:[.,]\d+)*", one)) for one in (said, text))
        assert asked <= told, said


@pytest.mark.parametrize("language", LANGUAGES)
def test_nodes_and_inputs_are_called_what_they_are_called(language):
    titles = [node["display_name"] for node in SHOWN.values()]
    short = [one.removeprefix("S2ST ") for one in titles]
    inputs = [one for node in SHOWN.values() for one in node["inputs"].items()]
    known = {name: texts["name"] for name, texts in inputs if "_" in name}
    known |= {one: one for one in titles} | {one: f"S2ST {one}" for one in short if " " in one}
    pattern = re.compile("|".join(rf"\b{one}\b" for one in sorted(known, key=len, reverse=True)))
    for text, said in in_words(language):
        for name in pattern.findall(text):
            title = TRANSLATIONS[known[name]][language]
            assert (title if name in titles else title.removeprefix("S2ST ")) in said, said


def test_no_text_holds_a_mark_of_the_editor():
    for text, words in TRANSLATIONS.items():
        assert not MARKS & set("".join([text, *words.values()])), text


def test_the_files_can_be_read_and_compared():
    for file in (TABLE, *(definitions(one) for one in (ENGLISH, *LANGUAGES))):
        text = file.read_text(encoding="utf-8")
        assert text == json.dumps(load(file), indent=1, ensure_ascii=False) + "\n"
