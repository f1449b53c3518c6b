"""Pairs of visits with a known change, made by another process than the noise.

Nothing here is shared with ``validation/retest``: noise that is judged by the very
process that measured it would always pass.
"""
