"""The score of `models.hippocampus.quality`: how it was fitted, what it is worth."""
