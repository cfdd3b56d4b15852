"""`python -m <package>`: this project's one command line."""

from .cli import main

if __name__ == "__main__":
    main()
