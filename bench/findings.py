"""Everything a quality run has found, and the same as plain numbers for docs/quality.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch

from .axes import AXES, FURTHER_AXES
from .cost_page import machine
from .frontier import frontier
from .judges import Examined
from .judging import Result
from .lab import Pair
from .method import Family
from .tuning import RULE, Choices, best
from .verdict import Verdict, overall_verdicts


@dataclass(frozen=True)
class Findings:
    """Everything the report says."""

    results: tuple[Result, ...]
    choices: Choices
    verdicts: tuple[Verdict, ...]
    examined: Examined
    facts: Mapping[str, int]  # scenes, steps and the like
    missing: tuple[str, ...]  # what was planned and has no pictures

    @property
    def pairs(self) -> list[Pair]:
        return list(dict.fromkeys(one.pair for one in self.results))

    @property
    def by_measures(self) -> list[Verdict]:
        return [one for one in overall_verdicts(self.results) if one.duels]

    @property
    def rivals(self) -> list[str]:
        names = [one.method.name for one in self.results if one.method.family is Family.RIVAL]
        return list(dict.fromkeys(names))

    def of(self, pair: Pair) -> list[Result]:
        return [one for one in self.results if one.pair == pair]


def numbers(findings: Findings) -> dict[str, object]:
    """The report for programs."""
    return {
        "facts": dict(findings.facts),
        "judge": {
            "domain accuracy": findings.examined.domain_accuracy,
            "label accuracy": findings.examined.label_accuracy,
        },
        "rule": RULE,
        "results": [result_numbers(one) for one in findings.results],
        "trials": trial_numbers(findings.choices),
        "verdicts": [verdict_numbers(one) for one in findings.verdicts],
        "by measures": [count_numbers(one) for one in findings.by_measures],
        "frontier": [
            {
                "pair": one.pair.name,
                "rival": one.rival,
                "settings": one.settings,
                "beaten": one.beaten,
            }
            for one in frontier(findings.choices, findings.rivals)
        ],
        "missing": list(findings.missing),
        "machine": machine(torch.device("cpu")),
    }


def result_numbers(one: Result) -> dict[str, object]:
    axes = {axis.key: asdict(one.scores.interval(axis)) for axis in (*AXES, *FURTHER_AXES)}
    return {
        "pair": one.pair.name,
        "method": one.method.name,
        "family": one.method.family.value,
        "setting": dict(one.setting),
        "axes": axes,
        "spent": asdict(one.spent),
    }


def trial_numbers(choices: Choices) -> list[dict[str, object]]:
    return [
        {
            "pair": pair.name,
            "method": name,
            "setting": dict(trial.setting),
            "psnr": trial.psnr,
            "edges": trial.edges,
            "colour": trial.colour,
            "score": trial.score,
            "chosen": trial is best(choice.trials),
        }
        for (pair, name), choice in choices.items()
        for trial in choice.trials
    ]


def count_numbers(verdict: Verdict) -> dict[str, object]:
    """A verdict without its duels."""
    return {
        "claim": verdict.claim,
        "structure": verdict.structure.key,
        "appearance": verdict.appearance.key,
        "held": [pair.name for pair in verdict.held],
        "held against rivals that draw": [pair.name for pair in verdict.held_against_editors],
    }


def verdict_numbers(verdict: Verdict) -> dict[str, object]:
    return {
        "claim": verdict.claim,
        "ours": verdict.ours,
        "appearance": verdict.appearance.key,
        "reached": verdict.reached,
        "held": [pair.name for pair in verdict.held],
        "duels": [
            {
                "pair": duel.pair.name,
                "rival": duel.rival,
                "holds": duel.holds,
                "note": duel.note,
                "advantages": {key: asdict(one) for key, one in duel.advantages.items()},
            }
            for duel in verdict.duels
        ],
    }
