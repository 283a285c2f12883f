"""What ``pytest qa/`` runs: one module per workflow, and the datasets."""
