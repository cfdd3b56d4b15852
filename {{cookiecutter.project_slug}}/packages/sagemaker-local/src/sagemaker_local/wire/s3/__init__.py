"""S3 over the folder of a session's buckets: the same files that jobs and the session use."""
