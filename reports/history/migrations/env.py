"""Alembic's environment: it migrates over the connection that it is handed, in the transaction under way."""

from __future__ import annotations

from alembic import context

from hubble_qa.reports.history.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
