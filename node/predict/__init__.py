"""Which series a model reads, and what it finds there."""
