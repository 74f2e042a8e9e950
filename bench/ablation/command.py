"""`python dev.py bench ablation`: run the studies, go on where an earlier run has stopped."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from demo_world import TUNING_SEEDS

from ..lab import PAIRS, Pair, make_case, open_lab
from .axes import measured
from .cells import Bench, Cabinet, Result, finished_places, places_of
from .report import End, Finished, write
from .rows import mean_results, rows_of
from .studies import QUICK, Study, Values, studies

ROOT = Path(__file__).resolve().parents[2]
CELLS = ROOT / ".cache" / "bench" / "ablation"
PAIR_NAMES = {pair.name: pair for pair in PAIRS}
USUAL_PAIRS = ("day to night", "day to snow")


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    options = _parser().parse_args(arguments)
    values = QUICK if options.quick else Values(steps=options.steps)
    every = studies(values)
    chosen = [every[name] for name in options.studies or every]
    pairs = {study.name: _pairs(study, options) for study in every.values()}
    seeds = TUNING_SEEDS[: options.scenes or (2 if options.quick else 6)]
    lab = open_lab(values.steps, max(values.references))
    bench = Bench(lab, Cabinet(options.cells))
    if not options.report_only:
        run(bench, chosen, pairs, seeds)
    finished = [finish(bench, study, pairs[study.name], seeds) for study in every.values()]
    folder = options.out or ROOT / ("out/bench" if options.quick else "docs")
    shown = [pair for pair in PAIRS if any(pair in those for those in pairs.values())]
    write(finished, ends_of(bench, shown, seeds), folder)
    complete = sum(bool(one.rows) for one in finished)
    print(f"Wrote {folder / 'ablation.md'}: {complete} of {len(every)} studies.")
    return 0


def run(
    bench: Bench,
    chosen: Sequence[Study],
    pairs: Mapping[str, Sequence[Pair]],
    seeds: Sequence[int],
) -> None:
    """Fill the cabinet, telling how far it has come; `pairs` by the name of the study."""
    total = sum(len(pairs[study.name]) * len(study.cells) for study in chosen)
    with tqdm(total=total, unit="cell") as bar:
        for study in chosen:
            bar.set_description(study.name)
            for pair in pairs[study.name]:
                for place in places_of(study, pair, seeds):
                    bench.result(place)
                    bar.update()


def finish(bench: Bench, study: Study, pairs: Sequence[Pair], seeds: Sequence[int]) -> Finished:
    """A study's rows for the pairs that it is complete for."""
    results: list[Result] = []
    older: list[Pair] = []
    for pair in pairs:
        wanted = places_of(study, pair, seeds)
        found = finished_places(bench.cabinet, wanted)
        results += [bench.result(place) for place in found]
        older += [pair] if found not in ([], wanted) else []
    if study.everywhere and len({result.pair for result in results}) > 1:
        results = [*mean_results(results), *results]
    return Finished(study, len(seeds[: study.scenes]), rows_of(study, results), tuple(older))


def ends_of(bench: Bench, pairs: Sequence[Pair], seeds: Sequence[int]) -> list[End]:
    """What the axes say of the untouched source and of the truth itself."""
    ends, lab = [], replace(bench.lab, references=1)  # nothing is made of this case
    for pair in pairs:
        case, look = make_case(lab, pair, seeds), bench.look(pair)
        for name, pictures in (("source", case.source), ("truth", case.truth)):
            ends.append(End(pair, name, measured(pictures, case, look)))
    return ends


def _pairs(study: Study, options: argparse.Namespace) -> tuple[Pair, ...]:
    """The translations that a study runs on, unless the command line names others."""
    usual = USUAL_PAIRS[:1] if options.quick else USUAL_PAIRS
    usual = tuple(PAIR_NAMES) if study.everywhere and not options.quick else usual
    return tuple(PAIR_NAMES[name] for name in options.pairs or usual)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python dev.py bench ablation",
        description=f"{main.__doc__} Only tuning scenes are used.",
    )
    names = tuple(studies(Values()))
    parser.add_argument("--quick", action="store_true", help="few scenes, steps and values")
    parser.add_argument("--studies", nargs="+", choices=names, help="only these; default all")
    parser.add_argument("--pairs", nargs="+", choices=tuple(PAIR_NAMES), help="translations")
    parser.add_argument("--scenes", type=_scenes, help="tuning scenes at most; default 6")
    parser.add_argument("--steps", type=int, default=20, help="where they are not studied")
    parser.add_argument("--out", type=Path, help="folder of the page; default docs")
    parser.add_argument("--report-only", action="store_true", help="run nothing, write the page")
    parser.add_argument("--cells", type=Path, default=CELLS, help="folder of finished cells")
    return parser


def _scenes(text: str) -> int:
    if not text.isdigit() or not 2 <= int(text) <= len(TUNING_SEEDS):
        raise argparse.ArgumentTypeError(
            f"{text} scenes were asked for, but an interval needs at least 2 and there are "
            f"{len(TUNING_SEEDS)}."
        )
    return int(text)
