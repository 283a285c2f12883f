"""What every criterion must accept, and what it must reject, by subject."""
