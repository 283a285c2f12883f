"""Wires the suite's pytest plugins."""

pytest_plugins = (
    "hubble_qa.fixtures.suite.stage_fixtures",
    "hubble_qa.fixtures.suite.plugin",
    "hubble_qa.reports.session.plugin",
    "pytester",
)
