"""Start the commands of qichuang, and look for garbage only once their modules are loaded.

What a module makes while it loads stays: looking through it takes a sixth of every start.
"""

import gc


def main() -> None:
    """Run the command line."""
    gc.disable()
    from api.command_line import main as run_commands

    gc.freeze()
    gc.enable()
    run_commands()


if __name__ == "__main__":
    main()
