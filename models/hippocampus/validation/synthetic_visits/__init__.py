"""Pairs of visits with a known change, made by another process than the interval's.

Nothing here is shared with ``validation/retest``: an interval that is judged
by the very process that set it would always pass.
"""
