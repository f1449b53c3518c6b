"""How far a reading is to be trusted: signs, and the score made of them."""
