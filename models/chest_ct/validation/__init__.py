"""How good a bundle is, on patients that nothing of it was learned from."""
