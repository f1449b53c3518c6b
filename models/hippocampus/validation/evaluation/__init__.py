"""How good the fold networks are on subjects they never saw, and beside a baseline."""
