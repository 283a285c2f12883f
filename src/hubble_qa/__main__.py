"""``python -m hubble_qa`` is ``hubble-qa``."""

from hubble_qa.command.main import main

if __name__ == "__main__":
    main(prog_name="hubble-qa")
