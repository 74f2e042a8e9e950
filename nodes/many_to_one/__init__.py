"""Trained translators as nodes: one answer on one side, many on the other."""
