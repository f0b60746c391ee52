"""The rules of the house: one function for each change of state."""
