"""Acceptance: readers of products, measurements, criteria and verdicts."""
