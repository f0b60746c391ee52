"""Notifications: written with the change they tell of, sent by jobs to people and programs."""
