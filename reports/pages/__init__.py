"""Pages that show what a run found."""
