"""Runway: clips and pictures as tasks that are asked for until they are done. A lost task id cannot be found again."""
