"""Test and retest: how much the reading of one unchanged hippocampus varies."""
