"""What may happen to a job, one function for each change."""
