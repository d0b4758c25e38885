"""Verifies webhooks with standardwebhooks, as it is published.

    webhooks.py <'[{"secret": "whsec_…", "headers": {…}, "body": "…"}, …]'

Prints what each body says; one that does not verify ends it.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def main() -> None:
    payloads = []
    for heard in json.load(sys.stdin):
        webhook = Webhook(heard["secret"])
        payloads.append(webhook.verify(heard["body"], heard["headers"]))
        try:
            webhook.verify(heard["body"] + " ", heard["headers"])
        except WebhookVerificationError:
            continue
        sys.exit("a body that was changed verifies")
    json.dump(payloads, sys.stdout)


main()
