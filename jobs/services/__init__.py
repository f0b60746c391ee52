"""The state changes of a job, one function for each."""
