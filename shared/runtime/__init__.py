"""The one runtime: batches, journal, publisher, consumer, inbox, dead letters, ticks."""
