"""One job per study and model: its lifecycle, ledger, pool and worker."""
