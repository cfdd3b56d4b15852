"""What nobody needs any more, found and removed: see ``pruning``."""
