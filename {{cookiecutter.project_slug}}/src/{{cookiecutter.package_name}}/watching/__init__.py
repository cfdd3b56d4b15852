"""What comes in starts what is to be done with it, on this machine: `make watch`."""
