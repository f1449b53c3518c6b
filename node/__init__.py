"""What happens to a study, in order.

inbound  a C-STORE SCP writes what arrives; a watcher decides when a study is complete
jobs     one job per study and model, in a ledger, done by a pool of processes
predict  which series the model reads, and what it finds there
report   the findings as Segmentation, Structured Report and Secondary Capture
send     the three objects back to the archive, retried until they are there
"""
