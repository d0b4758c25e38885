"""Bridges with one mistake each, for whoever wants to see them found:

    broken_board.py new-references|no-cursor|stops-at-refusal STATE
"""

import json
import sys
import uuid

from board import Board, main


class NewReferences(Board):
    """Has a new reference whenever it sends something."""

    async def ask(self, verb: str, payload: bytes) -> dict:
        if verb == "submit":
            matter = json.loads(payload)
            await super().ask(verb, json.dumps({**matter, "external_ref": str(uuid.uuid4())}).encode())
        return await super().ask(verb, payload)


class NoCursor(Board):
    """Keeps what it has brought in, and not what it has told."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.state["cursor"] = ""


class StopsAtRefusal(Board):
    """Takes the first no for the end of everything."""

    async def ask(self, verb: str, payload: bytes) -> dict:
        answer = await super().ask(verb, payload)
        if verb == "submit" and "refusal" in answer:
            sys.exit(f"refused: {answer['refusal']}")
        return answer


main({"new-references": NewReferences, "no-cursor": NoCursor, "stops-at-refusal": StopsAtRefusal}[sys.argv[1]], sys.argv[2])
