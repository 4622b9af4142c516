"""Jobs: rows in SQLite, each worked off in a process of its own, with events that outlive it."""
