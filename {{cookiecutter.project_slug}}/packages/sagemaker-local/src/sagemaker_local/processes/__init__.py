"""Programs on this machine: started, timed, stopped, and ended with their owner."""
