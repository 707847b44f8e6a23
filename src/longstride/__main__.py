"""`python -m longstride`."""

from longstride.cli import main

if __name__ == "__main__":
    main()
