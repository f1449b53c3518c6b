"""The search for settings: which ones, in which order, and what came of them."""
