"""Every SELECT of the operations room: backups, health and numbers, invariants."""
