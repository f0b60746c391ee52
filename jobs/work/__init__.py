"""The processes that do the work: a supervisor, the worker pool of django-q2 under it, and a ticker."""
