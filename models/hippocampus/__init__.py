"""Anterior and posterior hippocampus in a T1 crop around one hippocampus."""
