"""`python -m trainer.cli`: the same as `ntdemo-train`."""

from trainer.cli import main

if __name__ == "__main__":
    main()
