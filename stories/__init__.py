"""Stories, scenes, takes and films: the domain of the application."""
