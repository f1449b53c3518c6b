"""Whole studies: figures with intervals, cases, and plain measures beside them."""
