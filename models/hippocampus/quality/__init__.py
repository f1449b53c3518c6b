"""How far a reading is to be trusted: signs, the score made of them, its worth."""
