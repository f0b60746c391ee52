"""Stories, scenes, takes and films: what the studio is about."""
