"""Django's SQLite backend with short waits for the write lock. Django imports `base`."""
