"""Tries things with somebody's key, and prints of each whether the broker refused it.

    attempts.py URL SEED_FILE USER <attempts.json

Attempts are [{"publish": SUBJECT}, {"subscribe": SUBJECT}, ...]; printed is ["refused", "allowed", ...].
"""

import asyncio
import json
import pathlib
import sys

import nats


async def main(url: str, seed_file: str, user: str) -> None:
    violations: list[str] = []

    async def heard(error: Exception) -> None:
        violations.append(str(error).lower())

    seed = pathlib.Path(seed_file).read_text().strip()
    connection = await nats.connect(
        url, nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{user}", allow_reconnect=False, error_cb=heard
    )
    outcomes = []
    for attempt in json.load(sys.stdin):
        ((what, subject),) = attempt.items()
        violations.clear()
        if what == "publish":
            await connection.publish(subject, b"{}", reply=connection.new_inbox())
        else:
            await connection.subscribe(subject)
        # The client may send the ping of a flush before what waits to be sent, but not the second one. The broker
        # works in order: what it has to say about the attempt is then here.
        for _ in range(2):
            await connection.flush(timeout=10)
        refused = any("permissions violation" in said and subject.lower() in said for said in violations)
        outcomes.append("refused" if refused else "allowed")
    print(json.dumps(outcomes))
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
