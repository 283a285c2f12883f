"""What a series of verdicts, a criterion of a subject night after night, tells: outcomes, drift, steps."""
