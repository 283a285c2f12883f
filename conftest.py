"""Wires the suite's pytest plugins."""

pytest_plugins = ("fixtures.stage_fixtures", "fixtures.plugin", "reports.plugin", "pytester")
