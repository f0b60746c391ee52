"""User actions on providers and calls; one function for each change of state."""
