"""Reads documents into scripts. Independent of models and requests."""
