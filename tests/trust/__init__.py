"""Faults of known size, which criteria catch them, and how often a clean product is rejected."""
