"""Every kind of job: its settings, what it refuses, how it runs, what it leaves."""
