"""An app that only the bench installs: the job that does nothing but tell when it started, for the
studio and for django-q2 alone.
"""
