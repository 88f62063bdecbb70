"""`gluehook notify --test`: whether messages reach the phone."""

from __future__ import annotations

import click

from hooks.cli.options import settings

_WAIT_S = 60.0
_TITLE, _MESSAGE = "gluehook: a test", "Messages of gluehook arrive here."
_CURES = {
    "unusable": "it is no address that Apprise knows; docs/notifications.md shows how they are written",
    "failed, HTTP 401": "the service refuses the token or password in it",
    "failed, HTTP 403": "the service refuses the token or password in it, or its right to send there",
    "failed, HTTP 404": "the service has no such topic, chat or token",
    "failed, HTTP 429": "the service takes no more messages for now; try it again later",
    "failed, no connection": "is the host in it right, and can it be reached from here?",
    "late": f"no answer within {_WAIT_S:.0f} s: can its host be reached from here?",
}


@click.command()
@click.option("--test", "is_test", is_flag=True, help="Send a test message to each address.")
@click.option(
    "--secret", default="APPRISE_URLS", show_default=True, metavar="NAME", help="The secret with the addresses."
)
def notify(*, is_test: bool, secret: str) -> int:
    """Send a test message to each address of APPRISE_URLS.

    It says of each what became of it. Addresses are shown by their number and service only, because they hold tokens.
    """
    from handlers.notify.send import deliver, split
    from hooks.config.secrets import SecretError, Secrets

    if not is_test:
        raise click.UsageError("say --test: messages of rules are sent by notify.send")
    try:
        addresses = split(Secrets(settings()[1]).read(secret) or "")
    except SecretError as why:
        raise click.UsageError(str(why)) from None
    if not addresses:
        click.echo(f"{secret} is not set here, so messages stand in the log only; set it, or {secret}_FILE", err=True)
        return 1
    ends = deliver(addresses, _TITLE, _MESSAGE, _WAIT_S)
    for number, end in enumerate(ends.values(), 1):
        name = f"{number}  {end.service}".rstrip()
        cure = _CURES.get(end.word, "is its service up, and its token right?")
        click.echo(f"{name}: {'sent' if end.word == 'sent' else f'not sent ({end.word}): {cure}'}")
    return 0 if all(end.word == "sent" for end in ends.values()) else 1
