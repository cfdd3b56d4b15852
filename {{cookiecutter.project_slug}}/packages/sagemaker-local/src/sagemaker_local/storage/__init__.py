"""Objects as files, their digests, copies and archives, and the SQLite store."""
