"""The learning machinery that every model folder shares."""
