"""An installation and a browser for the tests of this folder: started here, on free ports, and stopped here.

HUYING names the program (target/debug/huying), HUYING_NATS_SERVER the broker, HUYING_CHROMIUM the browser.
"""

import atexit
import contextlib
import functools
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Seconds an installation on a busy machine may take until it is ready.
READY_S_MAX = 180
# Seconds it may take to stop.
STOP_S_MAX = 60
# Milliseconds for anything on a page: a machine of two cores also compiles.
PAGE_MS_MAX = 20_000


def chromium():
    """The browser of this machine; None where there is none."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    return os.environ.get("HUYING_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@functools.cache
def shared():
    """One for all tests of a run."""
    house = House()
    atexit.register(house.close)
    return house


class House:
    """A running installation, for play, with a browser in front of it."""

    def __init__(self):
        found = chromium()
        if not found:
            raise unittest.SkipTest("no Chromium here (Debian, Ubuntu: apt-get install chromium): nothing was looked at")
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="huying-browser-"))
            self.process = self._start()
            stack.callback(self._stop)
            self.pages = self._wait()
            self.playwright = stack.enter_context(sync_playwright())
            self.browser = self.playwright.chromium.launch(executable_path=found)
            stack.callback(self.browser.close)
            self._all = stack.pop_all()

    def close(self):
        self._all.close()

    def window(self, language="en", width=1280, height=900, **more):
        """A window of a browser that nobody has used before."""
        more = {"base_url": self.pages, **more}
        context = self.browser.new_context(locale=language, viewport={"width": width, "height": height}, **more)
        context.set_default_timeout(PAGE_MS_MAX)
        return context.new_page()

    def _start(self):
        program = os.environ.get("HUYING", str(ROOT / "target/debug/huying"))
        if not pathlib.Path(program).is_file():
            raise RuntimeError(f"{program} is not there: `make huying` compiles it")
        data = str(pathlib.Path(self.folder) / "data")
        environment = {"HUYING_NATS_SERVER": str(ROOT / ".tools/nats-server"), **os.environ}
        return subprocess.Popen(
            [program, "up", "--data", data, "--ports", "auto", "--play"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def _wait(self):
        """Where the pages are, once they are there. What it prints is read to its end, so that it is never held up."""
        lines = queue.Queue()

        def read():
            for line in self.process.stdout:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        line = lines.get(timeout=READY_S_MAX)
        if not line.startswith("pages "):
            raise RuntimeError(f"huying up did not start: {line!r}")
        return line.split()[1]

    def _stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
