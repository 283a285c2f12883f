"""Figures, drawn from products by one function per workflow."""
