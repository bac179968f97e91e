"""The history of the schema. ``app.store.migrate`` runs it; nothing imports it by name."""
