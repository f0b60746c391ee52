"""The worker processes: a supervisor, the django-q2 worker pool under it, and a ticker."""
