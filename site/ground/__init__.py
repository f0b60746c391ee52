"""What every floor may use and that knows nothing of any of them."""
