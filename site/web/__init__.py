"""The web kit that the apps' pages and endpoints are written with. Knows nothing of stories, jobs or providers."""
