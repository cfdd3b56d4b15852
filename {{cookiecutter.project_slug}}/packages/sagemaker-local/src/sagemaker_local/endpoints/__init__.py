"""Real-time endpoints: their configurations, the processes that serve them, and what is kept."""
