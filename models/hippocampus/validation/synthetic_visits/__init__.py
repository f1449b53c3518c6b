"""Pairs of visits with a known change, made by another process than the noise.

Nothing here is shared with ``validation/retest``: noise that is judged by the very
process that measured it would always pass. The response of the network, the other part
of an interval, is measured on such pairs too, of other subjects: how far an interval
with it covers says nothing of changes of another kind.
"""
