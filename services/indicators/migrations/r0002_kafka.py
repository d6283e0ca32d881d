"""What a consumer needs to read logs on Kafka."""

from shared.migrations.communes import add_kafka_reading, drop_kafka_reading

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add it."""
    add_kafka_reading()


def downgrade() -> None:
    """Remove it."""
    drop_kafka_reading()
