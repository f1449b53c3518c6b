"""The cases of a data set: who learned from which, and how well each was read."""
