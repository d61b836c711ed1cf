"""``python -m tests.browser.picture``: the README's picture, a batch of the demo while it runs.

Writes ``docs/run-light.png`` and ``docs/run-dark.png``.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import ViewportSize, expect, sync_playwright

from integrator.core.env import BASE_DIR, NAMES
from tests.services.patience import eventually
from tests.services.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

SIZE = ViewportSize(width=1280, height=800)
START_LIMIT = 180.0
SHOWN_DONE = 5
"""So many rows of the batch are done in the picture, the others under way."""


class Demo:
    """The demo in a folder that is thrown away."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.var_dir, self.log = folder / "var", folder / "log"
        kept = {name: value for name, value in os.environ.items() if name not in NAMES}
        self.environ = {**kept, "VAR_DIR": str(self.var_dir)}

    def command(self, *words: str) -> list[str]:
        """How a command of this installation is called."""
        return [sys.executable, str(BASE_DIR / "manage.py"), *words]

    def said(self, name: str) -> str:
        """What the demo has printed behind this name; empty: nothing yet."""
        found = re.search(rf"{name}\s+(\S+)", self.log.read_text(errors="replace"))
        return found[1] if found else ""

    @contextmanager
    def running(self) -> Iterator[None]:
        """The demo, ready and with its first accounts bound."""
        with self.log.open("wb") as out:
            process = subprocess.Popen(
                self.command("up", "--demo", "--port", str(self.port)),
                env=self.environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            ready = eventually(lambda: bool(self.said("password")), patience=START_LIMIT)
            assert ready, self.log.read_text(errors="replace")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def bind(self, *options: str) -> None:
        """Bind the accounts of the file that the demo has written."""
        accounts = str(self.var_dir / "demo" / "accounts.csv")
        words = self.command("bind", "--csv", accounts, "--autoprolong", "on", *options)
        subprocess.run(words, env=self.environ, check=True)


def take(page: Page, demo: Demo) -> None:
    """Sign in, start the batch, and photograph it when some of it is done."""
    address = f"http://127.0.0.1:{demo.port}"
    page.goto(f"{address}/login/?next=/runs/")
    page.fill("[name=username]", demo.said("user"))
    page.fill("[name=password]", demo.said("password"))
    page.click(".sign-in .primary")
    demo.bind()
    page.goto(f"{address}/runs/")
    page.locator("main [data-open]").first.click()
    done = page.locator(".run-rows .state.s-done").nth(SHOWN_DONE - 1)
    expect(done).to_be_visible(timeout=START_LIMIT * 1000)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=BASE_DIR / "docs" / f"run-{scheme}.png")


def main() -> None:
    """Make both pictures."""
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))  # a socket's path must be short
    demo = Demo(folder)
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        with demo.running(), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=browser_path, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            take(browser.new_page(viewport=SIZE), demo)
            browser.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
