"""An app that only the bench installs: the job that does nothing but tell when it started."""
