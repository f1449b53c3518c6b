"""The exploratory analysis of labelled chest CT: what is there, what would mislead.

In the order of the work: `seen` (what is known of one series), `examine` (read and
measure a place, in a process), `picture` (what tells one scan from another), `kinds`
(the table of faults and findings), `entries` (labels against files), `copies` and
`people` (among all of them), `telltales` (what gives the label away), `analysis` (all
of it as a value), `plots`, `gallery` and `story` (for people), `record` (for
machines), `clean_table` (what passed), `run`.
"""
