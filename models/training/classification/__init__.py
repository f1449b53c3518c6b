"""Judging an answer of yes or no: no torch, and nothing that only a training has."""
