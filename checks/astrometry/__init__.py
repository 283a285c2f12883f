"""Fits, solutions and positions: whether images agree with one another and with the sky."""
