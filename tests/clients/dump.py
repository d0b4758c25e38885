"""Prints what is stored in a stream, as hexadecimal payloads.

    dump.py URL SEED_FILE USER <stream.json

The name of the stream is a JSON string; printed is ["0a1b…", …] in the order of the stream.
"""

import asyncio
import json
import pathlib
import sys

import nats
from nats.js.errors import NotFoundError


async def main(url: str, seed_file: str, user: str) -> None:
    seed = pathlib.Path(seed_file).read_text().strip()
    connection = await nats.connect(url, nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{user}", allow_reconnect=False)
    stream = json.load(sys.stdin)
    jetstream = connection.jetstream()
    state = (await jetstream.stream_info(stream)).state
    stored = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        try:
            stored.append((await jetstream.get_msg(stream, seq=sequence)).data.hex())
        except NotFoundError:
            continue
    print(json.dumps(stored))
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
