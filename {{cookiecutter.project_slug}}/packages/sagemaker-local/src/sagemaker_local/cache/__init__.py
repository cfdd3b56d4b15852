"""Which steps need not run again: signatures of what a result is made of, and hits."""
