"""Published contracts, one module per outside party; shapes only, no logic."""
