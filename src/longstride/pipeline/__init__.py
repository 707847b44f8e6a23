"""Joining the rooms below into one command: from a folder of documents to a verified data set."""
