"""The REST door: schema in, use case, schema out."""
