"""A message board's bridge: brings in what a file says, and tells what became of it.

    HUYING_NATS_URL=… HUYING_NATS_NKEY_FILE=… HUYING_PARTY=… HUYING_MATTERS=… board.py STATE

Needs nats-py and nkeys, and nothing of ours. A line of the file is a submission as JSON; what is to be told is printed, a passage a
line. STATE is the file in which it keeps how far it has come: the lines that are settled, and the cursor of what it has told.
"""

import asyncio
import json
import os
import pathlib
import sys

import nats
import nats.errors

# What is refused so may come to be taken later; anything else is refused for good.
LATER = {"UNAVAILABLE", "ABORTED", "INTERNAL", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNKNOWN"}
AT_ONCE = 4
ASK_AGAIN_AFTER_S = 0.2


async def complain(error: Exception) -> None:
    print(f"the hub: {error}", file=sys.stderr)


class Board:
    def __init__(self, url: str, seed_file: str, code: str, matters: str, state: str) -> None:
        self.url, self.code = url, code
        self.seed = pathlib.Path(seed_file).read_text().strip()
        self.matters, self.state_file = pathlib.Path(matters), pathlib.Path(state)
        self.state = {"settled": [], "cursor": "", "references": {}}
        self.all_in = False
        if self.state_file.exists():
            self.state = json.loads(self.state_file.read_text())

    async def run(self) -> None:
        self.hub = await nats.connect(
            self.url,
            nkeys_seed_str=self.seed,
            inbox_prefix=f"_INBOX_{self.code}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            error_cb=complain,
        )
        await asyncio.gather(self.bring_in(), self.follow())

    def keep(self) -> None:
        """As a whole or not at all: a kill in the middle must leave a state that was."""
        half_done = self.state_file.with_suffix(".new")
        half_done.write_text(json.dumps(self.state))
        half_done.replace(self.state_file)

    async def bring_in(self) -> None:
        lines = list(enumerate(self.matters.read_text().splitlines()))
        waiting = iter([(number, line) for number, line in lines if number not in self.state["settled"]])

        async def worker() -> None:
            for number, line in waiting:
                answer = await self.ask("submit", line.encode())
                if "ok" in answer:
                    # By this the news find their reference.
                    self.state["references"][answer["ok"]["case_id"]] = json.loads(line)["external_ref"]
                # Settled only when the hub has it on disk, or has said no for good.
                self.state["settled"].append(number)
                self.keep()

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        self.all_in = True

    async def follow(self) -> None:
        while True:
            page = (await self.ask("changes", json.dumps({"cursor": self.state["cursor"]}).encode()))["ok"]
            for changed in page.get("cases", []):
                await self.tell(changed)
            self.state["cursor"] = page["next_cursor"]
            self.keep()
            if not page.get("more"):
                await asyncio.sleep(ASK_AGAIN_AFTER_S)

    async def tell(self, changed: dict) -> None:
        case = changed["summary"]["case_id"]
        # News may be there before the answer to the submission is.
        while case not in self.state["references"]:
            if self.all_in:
                # Brought in by an earlier life, of which nothing was kept.
                return
            await asyncio.sleep(ASK_AGAIN_AFTER_S)
        for passage in changed.get("passages", []):
            told = {
                "external_ref": self.state["references"][case],
                "position": passage["position"],
                "event": passage["event"],
                "words": passage["words"],
            }
            print(json.dumps(told, ensure_ascii=False), flush=True)

    async def ask(self, verb: str, payload: bytes) -> dict:
        """Asks until there is a word of the hub."""
        pause = 0.1
        while True:
            try:
                answer = json.loads((await self.hub.request(f"in.{self.code}.{verb}", payload, timeout=3)).data)
                if "ok" in answer or answer.get("refusal", {}).get("code", "UNKNOWN") not in LATER:
                    return answer
            except (nats.errors.Error, asyncio.TimeoutError, ValueError):
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2)


def main(kind: type[Board], state: str) -> None:
    env = os.environ
    party = (env["HUYING_NATS_URL"], env["HUYING_NATS_NKEY_FILE"], env["HUYING_PARTY"])
    asyncio.run(kind(*party, env["HUYING_MATTERS"], state).run())


if __name__ == "__main__":
    main(Board, sys.argv[1])
