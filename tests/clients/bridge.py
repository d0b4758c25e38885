"""A bridge: submits one case over NATS and prints the answer.

    bridge.py URL SEED_FILE BRIDGE <submission.json

Needs nats-py and nkeys, and nothing of ours.
"""

import asyncio
import json
import pathlib
import sys

import nats


async def main(url: str, seed_file: str, bridge: str) -> None:
    seed = pathlib.Path(seed_file).read_text().strip()
    # Answers come to an inbox of the bridge's own: it may listen nowhere else.
    connection = await nats.connect(url, nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{bridge}", allow_reconnect=False)
    submission = json.load(sys.stdin)
    answer = await connection.request(f"in.{bridge}.submit", json.dumps(submission).encode(), timeout=10)
    print(json.dumps(json.loads(answer.data)))
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
