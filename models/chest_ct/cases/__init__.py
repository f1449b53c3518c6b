"""Which studies there are to learn from and to be judged by, and what is in them."""
