"""The service layer: one function for each state change."""
