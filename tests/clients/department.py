"""A department's own responder: takes its orders over NATS, and answers them by itself.

    HUYING_NATS_URL=… HUYING_NATS_NKEY_FILE=… HUYING_DEPARTMENT=… department.py

Needs nats-py and nkeys, and nothing of ours. It keeps nothing on disk: an order is acknowledged when everything that it asks for
is on the hub's record, and every answer has a command id made of the order's own name. So whatever happens in between, the order
comes again, and the same answers are the same.
"""

import asyncio
import json
import os
import pathlib
import sys

import nats
import nats.errors

# With these the hub has said no for good. Anything else, and silence, says that the same has to be asked again.
FINAL = {
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "UNIMPLEMENTED",
    "UNAUTHENTICATED",
}
OFFICER = {"staff_ref": "w-017", "post": "值班长"}
SHOWN = ["photo/1.jpg"]
# An order that is not acknowledged for 10 s comes again: whoever needs longer says that it is still at work.
STILL_AT_WORK_EVERY_S = 4


async def complain(error: Exception) -> None:
    print(f"the hub: {error}", file=sys.stderr)


class Department:
    def __init__(self, url: str, seed_file: str, code: str) -> None:
        self.url, self.code = url, code
        self.seed = pathlib.Path(seed_file).read_text().strip()

    async def run(self) -> None:
        # Answers come to an inbox of the department's own: it may listen nowhere else.
        self.hub = await nats.connect(
            self.url,
            nkeys_seed_str=self.seed,
            inbox_prefix=f"_INBOX_{self.code}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            error_cb=complain,
        )
        orders = await self.hub.jetstream(prefix="HUB.API").pull_subscribe_bind(consumer=self.code, stream="CALLS")
        while True:
            try:
                messages = await orders.fetch(32, timeout=5)
            except (nats.errors.Error, asyncio.TimeoutError):
                continue
            await asyncio.gather(*(self.take(message) for message in messages))

    async def take(self, message) -> None:
        at_work = asyncio.create_task(self.still_at_work(message))
        try:
            read = await self.ask(f"ans.{self.code}.read", message.data)
            if "ok" in read:
                await self.handle(read["ok"])
                await message.ack()
            # An order that nobody here can read stays with the hub.
        finally:
            at_work.cancel()

    async def still_at_work(self, message) -> None:
        while True:
            await asyncio.sleep(STILL_AT_WORK_EVERY_S)
            await message.in_progress()

    async def ask(self, subject: str, payload: bytes) -> dict:
        """Asks until there is a word of the hub."""
        pause = 0.1
        while True:
            try:
                answer = json.loads((await self.hub.request(subject, payload, timeout=3)).data)
                if "ok" in answer or answer.get("refusal", {}).get("code") in FINAL:
                    return answer
            except (nats.errors.Error, asyncio.TimeoutError, ValueError):
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2)

    async def answer(self, order: dict, what: str, call: int, said: dict) -> bool:
        """Says something about a call; whether the hub has taken it."""
        answer = {
            "district": order["district"],
            "case_id": order["case_id"],
            "call": call,
            "command_id": self.name_of(order, what),
            **said,
        }
        return "ok" in await self.ask(f"ans.{self.code}.call", json.dumps(answer).encode())

    def name_of(self, order: dict, what: str) -> str:
        return f"{self.code}-{order['n']}-{what}"

    async def handle(self, order: dict) -> None:
        # An order has one of these, and from a later hub perhaps something else, which is left alone.
        if "call" in order:
            await self.called(order, order["call"])
        elif "task" in order:
            await self.task(order, order["task"])
        elif "supervision" in order:
            asked = order["supervision"]
            account = {"answer_supervision": {"order": asked["order"], "note": "正在办理"}}
            await self.answer(order, "account", asked.get("call", 0), account)

    async def called(self, order: dict, call: dict) -> None:
        number, title = call["call"], call.get("title", "")
        if title == "conformance: return":
            back = {"basis": "RETURN_BASIS_DUTY", "reason": "不属于本单位职责", "proposes": call["note"]}
            await self.answer(order, "return", number, {"return": back})
            return
        for what, said in (
            ("respond", {"respond": {"officer": OFFICER}}),
            ("report-in", {"report_in": {"officer": OFFICER, "owns_matter": True}}),
        ):
            if not await self.answer(order, what, number, said):
                return
        if title != "conformance: task":
            await self.done(order, number)

    async def task(self, order: dict, task: dict) -> None:
        done = {"task_done": {"task": task["task"], "note": "已完成", "evidence": SHOWN}}
        if await self.answer(order, "task-done", task["call"], done):
            await self.done(order, task["call"])

    async def done(self, order: dict, call: int) -> None:
        done = {"done": {"outcome": "OUTCOME_SOLVED", "note": "已办结", "evidence": SHOWN}}
        await self.answer(order, "done", call, done)


def main(kind: type[Department]) -> None:
    env = os.environ
    asyncio.run(kind(env["HUYING_NATS_URL"], env["HUYING_NATS_NKEY_FILE"], env["HUYING_DEPARTMENT"]).run())


if __name__ == "__main__":
    main(Department)
