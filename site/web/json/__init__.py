"""The kit for JSON endpoints: typed routes over plain views, problem answers, paging, kept answers, and the document of it all."""
