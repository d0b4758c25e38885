"""A mail server that keeps what it is sent: aiosmtpd, as it is published.

    mailbox.py

Prints its port, then each mail as one line of JSON: who it is for, its headers decoded, its text. It refuses mail for
nobody@example.org for good, and the first mail for later@example.org for the moment. It ends with its standard input.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Mailbox:
    def __init__(self) -> None:
        self.put_off = False

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address.startswith("nobody@"):
            return "550 nobody of that name"
        if address.startswith("later@") and not self.put_off:
            self.put_off = True
            return "450 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "to": envelope.rcpt_tos,
            "from": str(mail["from"]),
            "subject": str(mail["subject"]),
            "id": str(mail["message-id"]),
            "text": mail.get_content(),
            "ascii": envelope.content.isascii(),
        }
        print(json.dumps(kept), flush=True)
        return "250 kept"


async def main() -> None:
    loop = asyncio.get_running_loop()
    mailbox = Mailbox()
    server = await loop.create_server(lambda: SMTP(mailbox), host="127.0.0.1", port=0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
