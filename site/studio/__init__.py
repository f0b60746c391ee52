"""What looks over all floors: dashboard, monitoring, health, metrics, the commands."""
