"""The gestures of the command line, by theme."""
