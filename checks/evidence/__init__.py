"""From files to what tests judge and figures draw: one reading of each, by their paths."""
