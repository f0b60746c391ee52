"""What persons do with providers and calls; one function for each change of state."""
