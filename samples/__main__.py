"""``python -m samples`` makes the sample quarter anew."""

from samples.generate import main

if __name__ == "__main__":
    main()
