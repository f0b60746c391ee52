"""Response types of the endpoints and their construction from rows. One module per resource."""
