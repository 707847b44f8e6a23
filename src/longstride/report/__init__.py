"""Pages for people, opened from disk: no server, no network, nothing that runs but our own scripts."""
