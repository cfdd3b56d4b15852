"""`python -m <package>.exports export`, and `check`, `adopt` or `clean`."""

from .cli import main

if __name__ == "__main__":
    main()
