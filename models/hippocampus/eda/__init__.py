"""The exploratory analysis of the training pairs: what is there, and what is broken.

In the order of the work: `measurement` (pairs, and what is known of each), `measure`
and `anatomy` (read and measure one, in a process), `over_processes` (many at once),
`kinds` (the table of faults and findings), `checks` (one case) and `cohort` (one
among the others), `analysis` (all of it as a value), `statistics`, `plots`,
`gallery`, `story` and `report` (for people), `record` (for machines), `clean_copy`
(what passed).
"""
