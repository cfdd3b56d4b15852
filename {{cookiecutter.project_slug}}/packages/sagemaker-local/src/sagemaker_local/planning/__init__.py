"""What is known of a definition before its first step: checks, plan, notices."""
