"""Shared parts of the admin pages: confirm dialogs, list filters, look-ups, display of values."""
