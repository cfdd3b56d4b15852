"""What the commands of monitoring answer: the lines that they print."""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace

from .. import settings
from ..errors import ProjectError
from ..options import endpoint_of, opened


def test_alerts(options: Namespace) -> Iterable[str]:
    from . import alert_settings, alerts

    known = replace(alert_settings.read(), log=False)
    tried = alerts.Message(
        f"{settings.PROJECT_NAME}: a test", "Alerts of this project come here: all is well."
    )
    with opened(options) as session:
        missed = alerts.send(tried, known, session)
        told = alerts.recipients(known, session)
    if missed:
        raise ProjectError("\n".join(missed))
    return [f"told: {', '.join(told) or 'nobody; params/alerts.yaml says whom to tell'}"]


def labels(options: Namespace) -> Iterable[str]:
    from . import labels

    with opened(options) as session:
        endpoint = endpoint_of(options)
        labels.check_known(session, endpoint)
        return [labels.add(session, endpoint, options.file)]


def create_schedule(options: Namespace) -> Iterable[str]:
    from . import schedules

    endpoint = endpoint_of(options)
    with opened(options) as session:
        return [schedules.put(session, endpoint, options.every, options.role)]


def delete_schedule(options: Namespace) -> Iterable[str]:
    from . import schedules

    endpoint = endpoint_of(options)
    with opened(options) as session:
        return [schedules.remove(session, endpoint)]
