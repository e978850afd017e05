"""``python -m linewise``, and the command ``linewise``."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command. Ctrl-C while it still loads ends it as it does later: without a traceback."""
    try:
        from linewise.cli.app import main as run  # noqa: PLC0415 - loading takes half a second
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
