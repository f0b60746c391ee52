"""What the endpoints give: explicit types, and how each is made from rows; a module for each kind of thing."""
