"""Figures of subjects that a network never saw: what the card and the reports state."""
