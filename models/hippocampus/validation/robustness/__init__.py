"""How well the model reads crops that are worse than those it learned from."""
