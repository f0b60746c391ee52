"""What each job name does."""
