"""What each kind of job does: a file a kind, with one function `perform`."""
