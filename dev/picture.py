"""Makes the picture of the app for README and documentation: a practice session with a person of the library, offline.

python dev/picture.py docs/assets/app.png
"""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SAID = (
    "Thank you for coming. Can you tell me about a moment lately when it was bad?",
    "What went through your mind at that moment?",
    "That sounds heavy to carry. How did you feel then?",
    "What helps you to get through it?",
)
NOTES = {
    "situation": "alone at the cottage, first warm Sunday in April; opened the shed and saw his brother's gloves",
    "automatic thoughts": "he has just put them down, he will come round the corner",
    "emotions": "longing, then disbelief",
    "coping strategies": "keeps busy, fixes what is broken in the building, walks the long way by the water",
}


def main(picture: Path) -> None:
    """Serve, talk, note, ask for feedback, photograph."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from mentalarena.cli import main; main()", "app", "--port", str(port)]
        server = subprocess.Popen([*command, "--sessions", folder, folder])  # noqa: S603  (our own command)
        try:
            wait_for(address)
            with sync_playwright() as tool:
                browser = tool.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
                page = browser.new_page(viewport={"width": 1280, "height": 860})
                page.goto(f"{address}/practice")
                page.get_by_label("patient", exact=True).fill("Viktor")
                page.get_by_role("option", name="Viktor Hruska").click()
                page.get_by_role("button", name="Begin").click()
                for number, text in enumerate(SAID, 2):
                    page.get_by_label("Say something").fill(text)
                    page.keyboard.press("Enter")
                    page.locator(".said.patient").nth(number - 1).wait_for()
                for label, text in NOTES.items():
                    page.get_by_label(label, exact=True).fill(text)
                    page.get_by_text("Kept.").wait_for()
                page.get_by_label("diagnosis", exact=True).fill("prolonged grief disorder")
                page.wait_for_timeout(1000)
                page.get_by_role("tab", name="Feedback").click()
                page.get_by_role("button", name="Get feedback").click()
                page.get_by_text("Mean similarity").wait_for()
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=picture)
                browser.close()
        finally:
            server.terminate()
            server.wait()


def wait_for(address: str) -> None:
    """Until the server answers, a minute at most."""
    for _ in range(120):
        try:
            urllib.request.urlopen(address)  # noqa: S310  (our own server)
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"{address} does not answer")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
