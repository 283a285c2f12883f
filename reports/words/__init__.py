"""How values, names and outcomes are written."""
