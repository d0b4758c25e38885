"""Responders with one mistake each, for whoever wants to see them found:

    broken_department.py acks-first|new-names|never-returns
"""

import sys
import uuid

from department import Department, main


class AcksFirst(Department):
    """Acknowledges what it has nowhere but in memory."""

    async def take(self, message) -> None:
        await message.ack()
        read = await self.ask(f"ans.{self.code}.read", message.data)
        if "ok" in read:
            await self.handle(read["ok"])


class NewNames(Department):
    """Has a new command id for everything it says."""

    def name_of(self, order: dict, what: str) -> str:
        return str(uuid.uuid4())


class NeverReturns(Department):
    """Does whatever it is called for."""

    async def called(self, order: dict, call: dict) -> None:
        await super().called(order, {**call, "title": ""})


main({"acks-first": AcksFirst, "new-names": NewNames, "never-returns": NeverReturns}[sys.argv[1]])
