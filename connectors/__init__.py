"""One module per national system: endpoints, session, code table, wire to outcome."""
