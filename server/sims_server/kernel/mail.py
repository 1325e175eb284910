"""Sending mail. Only from jobs: a mail server that does not answer must not hold a request."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import aiosmtplib

from sims_server.kernel.work import Work

TIMEOUT = 30.0


class MailFailed(Exception):
    """The mail server did not take the message, or there is no such address to write to."""


def letter(address: str, subject: str) -> EmailMessage:
    """A message to one address. Raises `MailFailed` where the address is none: one of two lines, say, that
    was put on the record for the sake of the second."""
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    try:
        message["To"] = address
    except (ValueError, IndexError) as failure:
        raise MailFailed(f"no mail can be sent to {address[:80]!r}") from failure
    return message


def send_mail(work: Work, message: EmailMessage) -> None:
    """Hands a message to the mail server of the settings `mail.host` and `mail.port`, from the setting
    `mail.from`. Raises `MailFailed`."""
    host, port = work.setting("mail.host"), work.setting("mail.port")
    try:
        if "From" not in message:
            message["From"] = work.setting("mail.from")
        asyncio.run(aiosmtplib.send(message, hostname=host, port=int(port), timeout=TIMEOUT))
    except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
        raise MailFailed(f"{type(failure).__name__}: {failure}") from failure
