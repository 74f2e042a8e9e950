"""The seed ranges of the demo world, disjoint and written down only here."""

TRAIN_SEEDS = range(0, 100_000)
REFERENCE_SEEDS = range(1_000_000, 1_010_000)
TUNING_SEEDS = range(2_000_000, 2_010_000)
EVALUATION_SEEDS = range(3_000_000, 3_010_000)
