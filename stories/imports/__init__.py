"""Documents that people bring, read into scripts. Knows neither models nor requests."""
