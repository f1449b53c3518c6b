"""What happened to a study: gathered from the ledger, told, checked by doing it again.

``story`` gathers, ``timeline`` puts the decisions in order, ``card`` says what a result
was made with, ``plain`` holds all of it for a machine, ``repetition`` reads once more.
"""
