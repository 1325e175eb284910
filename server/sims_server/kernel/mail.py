"""Sending mail. Only from jobs: a mail server that does not answer must not hold a request."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import aiosmtplib

from sims_server.kernel.work import Work

TIMEOUT = 30.0


class MailFailed(Exception):
    """The mail server did not take the message."""


def send_mail(work: Work, message: EmailMessage) -> None:
    """Hands a message to the mail server of the settings `mail.host` and `mail.port`, from the setting
    `mail.from`. Raises `MailFailed`."""
    if "From" not in message:
        message["From"] = work.setting("mail.from")
    host, port = work.setting("mail.host"), work.setting("mail.port")
    try:
        asyncio.run(aiosmtplib.send(message, hostname=host, port=int(port), timeout=TIMEOUT))
    except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
        raise MailFailed(f"{type(failure).__name__}: {failure}") from failure
