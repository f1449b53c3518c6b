"""Whole chest CT studies with known truth, drawn, not learned: README.md beside."""
