"""The distributed mode: how its processes are put together from the same services as the embedded house."""
