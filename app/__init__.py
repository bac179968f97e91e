"""The gateway: doors, use cases, rules, store and worker."""
