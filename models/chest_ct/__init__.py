"""Whether a chest CT shows something that somebody should look at soon."""
