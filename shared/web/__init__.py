"""What every HTTP edge stands on: problems as RFC 9457 describes them, and the door of events."""
