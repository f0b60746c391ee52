"""Runway: clips and images as tasks that are polled until they finish.

A lost task id cannot be found again.
"""
