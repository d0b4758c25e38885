"""A grid worker whose network goes away: what was written stays in the browser, is sent when the network is back, and is one case
however often it is sent."""

import contextlib
import selectors
import socket
import threading
import unittest
from urllib.parse import urlsplit

from playwright.sync_api import expect

from house import shared
from people import Person


class Wire:
    """The way between browser and house, at an address of its own, which can be cut."""

    def __init__(self, pages):
        there = urlsplit(pages)
        self.there = (there.hostname, there.port)
        self.listening = None
        self.ends = set()
        self.port = 0
        self.mend()

    @property
    def pages(self):
        return f"http://127.0.0.1:{self.port}"

    def mend(self):
        listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listening.getsockname()[1]
        self.listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def cut(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for end in list(self.ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening):
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        with near, socket.create_connection(self.there) as far, selectors.DefaultSelector() as either:
            self.ends |= {near, far}
            either.register(near, selectors.EVENT_READ, far)
            either.register(far, selectors.EVENT_READ, near)
            with contextlib.suppress(OSError):
                while True:
                    for ready, _ in either.select():
                        some = ready.fileobj.recv(65536)
                        if not some:
                            return
                        ready.data.sendall(some)
            self.ends -= {near, far}


class Field(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.house = shared()

    def test_a_draft_without_a_network_is_sent_with_one_and_is_one_case(self):
        wire = Wire(self.house.pages)
        self.addCleanup(wire.cut)
        worker = Person(self.house, "jiangan", "Grid worker", "恒大双城小区", "field-1", base_url=wire.pages, width=360, height=740)
        page = worker.page
        self.addCleanup(page.context.close)
        worker.goes_to("My grid").sees("Write down what you see", "No drafts")
        # What a telephone installs.
        self.assertEqual(page.evaluate("fetch('/manifest.webmanifest').then(it => it.json()).then(it => it.start_url)"), "/grid")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")

        wire.cut()
        page.goto("/grid")
        worker.sees("Write it down: it is sent when")
        worker.sends("Keep and send", {"What is it": "花坛里堆了垃圾", "Address": "恒大双城3栋"})
        worker.sees("花坛里堆了垃圾 · waits for a network")
        kept = page.evaluate("localStorage.getItem('huying-drafts')")

        wire.mend()
        worker.follows("To my grid")
        sent = page.get_by_role("listitem").filter(has_text="花坛里堆了垃圾 · sent")
        expect(sent).to_be_visible()
        address = sent.get_by_role("link").get_attribute("href")
        # The answer may have been lost on the way: the same draft once more is the same case.
        page.evaluate("kept => localStorage.setItem('huying-drafts', kept)", kept)
        page.reload()
        expect(sent).to_be_visible()
        self.assertEqual(sent.get_by_role("link").get_attribute("href"), address)
        page.goto(address)
        worker.sees("花坛里堆了垃圾", "恒大双城3栋", "恒大双城小区")
        self.assertEqual(page.evaluate("localStorage.getItem('huying-drafts')"), "[]")

    def test_what_is_not_taken_stays_until_it_is_mended(self):
        worker = Person(self.house, "jiangan", "Grid worker", "恒大双城小区", "field-2")
        self.addCleanup(worker.page.context.close)
        worker.goes_to("My grid").sends("Keep and send", {"What is it": "长" * 201})
        worker.sees("was not taken").follows("mend it in the form")
        expect(worker.page.get_by_label("What is it")).to_have_value("长" * 201)
        worker.sends("Send", {"What is it": "路面塌陷"}).sees("路面塌陷")
        worker.goes_to("My grid").sees("was not taken")
        worker.page.get_by_role("button", name="delete").click()
        worker.sees("No drafts")

    def test_the_card_of_every_household_opens_the_form_with_the_place(self):
        worker = Person(self.house, "jiangan", "Grid worker", "恒大双城小区", "field-3")
        self.addCleanup(worker.page.context.close)
        worker.goes_to("My grid").follows("The contact card, to print").sees("恒大双城小区", "Tell us")
        code = worker.page.get_by_role("img", name="QR code")
        expect(code).to_be_visible()
        address = code.get_attribute("aria-label").removeprefix("QR code: ")
        worker.page.goto(address)
        chosen = worker.page.get_by_label("Which street").locator("option:checked")
        expect(chosen).to_contain_text("恒大双城小区")


if __name__ == "__main__":
    unittest.main()
