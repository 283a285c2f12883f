"""Results, figures and HTML; the pytest hooks that collect verdicts."""
