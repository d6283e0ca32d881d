"""What the log needs to go through Kafka."""

from shared.migrations.communes import add_kafka_writing, drop_kafka_writing

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add it."""
    add_kafka_writing()


def downgrade() -> None:
    """Remove it. Refused by the database while rows wait for their position."""
    drop_kafka_writing()
