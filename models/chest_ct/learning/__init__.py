"""How the networks of the chest CT model learn."""
