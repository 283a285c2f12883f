"""Calibrated exposures: steps, levels, patterns, backgrounds, darks."""
