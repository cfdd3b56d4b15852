"""``python -m sagemaker_local``; ``--help`` says what there is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sagemaker_local.errors import LocalError
from sagemaker_local.planning import command as planning
from sagemaker_local.pruning import command as pruning
from sagemaker_local.wire import serve


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(
        prog="python -m sagemaker_local",
        description="SageMaker pipelines on this machine.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module, about in (
        ("serve", serve, "answer boto3, the AWS CLI and the SageMaker SDK"),
        ("plan", planning, "would a pipeline definition run here, and why not"),
        ("prune", pruning, "remove what nobody needs any more"),
    ):
        added = commands.add_parser(
            name,
            help=about,
            description=module.ABOUT,
            epilog=module.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=name)
        module.add_arguments(added)
    options = parser.parse_args(argv)
    try:
        if options.command == "plan":
            sys.exit(planning.run(options.files, dict(options.set), options.function))
        elif options.command == "prune":
            for line in pruning.run(options.root, options.older_than, options.dry_run):
                print(line)
        else:
            warm = not options.cold
            serve.serve(options.root, options.host, options.port, options.region, warm)
    except LocalError as error:
        sys.exit(f"{options.command}: {error}")
    except KeyboardInterrupt:  # before there was anything to end
        sys.exit(130)


if __name__ == "__main__":
    main()
