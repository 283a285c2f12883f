"""A session of pytest: verdicts collected as they come, the report put in place at the end."""
