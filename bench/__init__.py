"""Speed, measured: figures with the machine and the comparison. Never a threshold: those who read decide."""
