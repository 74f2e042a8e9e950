"""Regions of source and target domain as a node: painted, given as label maps, or found."""
