"""``python -m likewise`` is the command ``likewise``."""

from likewise.commands.main import main

if __name__ == "__main__":
    main(prog_name="likewise")
