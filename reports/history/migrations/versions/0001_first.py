"""The first tables of a history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "code",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("modules", sa.Text, nullable=False),
    )
    op.create_table(
        "environment",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("versions", sa.Text, nullable=False),
    )
    op.create_table(
        "measurement",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("uncertainty", sa.Double),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("built", sa.Boolean, nullable=False),
        sa.Column("origin", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run", "series"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "origin",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("products", sa.Text, nullable=False),
    )
    op.create_table(
        "product",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("ingredients", sa.Text, nullable=False),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("floor", sa.Boolean, nullable=False),
        sa.Column("bounds", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("expected_range", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("criterion", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("instrument", sa.Text, nullable=False),
        sa.UniqueConstraint("channel", "dataset", "criterion", "subject", "unit"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("identifier", sa.Text, nullable=False, unique=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("elapsed", sa.Double, nullable=False),
        sa.Column("archive", sa.Text, nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("exit_status", sa.Integer, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("available", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("built", sa.Integer, nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("environment", sa.Integer, sa.ForeignKey("environment.id"), nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.Column("recorded", sa.Text, nullable=False),
    )
    op.create_table(
        "series_memory",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), primary_key=True, autoincrement=False),
        sa.Column("outcomes", sa.Text, nullable=False),
        sa.Column("drift", sa.Text, nullable=False),
    )
    op.create_table(
        "baseline",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("identifier", sa.Text, nullable=False, unique=True),
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("tolerance", sa.Double, nullable=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("made", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("supersedes", sa.Integer),
    )
    op.create_table(
        "change",
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("before", sa.Double),
        sa.Column("after", sa.Double),
        sa.Column("causes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run", "series", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "limits",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), nullable=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("valid_from", sa.Text, nullable=False),
        sa.Column("rule", sa.Integer, sa.ForeignKey("rule.id"), nullable=False),
        sa.PrimaryKeyConstraint("series", "run"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "received",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", "run"),
    )
    op.create_table(
        "series_state",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), primary_key=True, autoincrement=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("origin", sa.Integer, sa.ForeignKey("origin.id"), nullable=False),
        sa.Column("rule", sa.Integer, sa.ForeignKey("rule.id"), nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("streak", sa.Integer, nullable=False),
        sa.Column("missing", sa.Boolean, nullable=False),
        sa.Column("drifted", sa.Boolean, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("centre", sa.Double),
        sa.Column("width", sa.Double),
        sa.Column("up", sa.Double, nullable=False),
        sa.Column("down", sa.Double, nullable=False),
        sa.Column("baseline", sa.Integer),
    )
