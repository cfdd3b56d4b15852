"""Several hosts that train one model."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ._algorithm import module


def rabit_run(
    exec_fun: Callable[..., Any],
    args: dict[str, Any],
    include_in_training: bool,
    hosts: Sequence[str],
    current_host: str,
    first_port: int | None = None,
    second_port: int | None = None,
    update_rabit_args: bool = False,
) -> None:
    """Call a function that trains on all hosts that have data, while these are connected.

    Args:
        exec_fun: the function.
        args: its arguments.
        include_in_training: has this host data? One without ends here.
        hosts: names of the job's.
        current_host: this one's.
        first_port: the hosts take ports of their own here, whatever this is.
        second_port: the same.
        update_rabit_args: add ``is_master`` to the arguments.
    """
    meeting = module("xgboost_hosts")
    given = meeting.Hosts(tuple(sorted(hosts)), current_host)
    with meeting.together(given, bool(include_in_training)) as trained:
        if not trained.names:
            raise RuntimeError("No hosts received training data.")
        if include_in_training:
            if update_rabit_args:
                args["is_master"] = trained.is_first
            exec_fun(**args)
    if not include_in_training:
        logging.warning("Host %s not being used for distributed training.", current_host)
        sys.exit(0)
