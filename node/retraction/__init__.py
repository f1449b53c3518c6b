"""Results that are taken back: notes, their delivery, and deletion where it can be."""
