"""Whatever comes in: the whole OpenAPI, every parser at a door, and that nothing secret comes out."""
