"""The site: it builds strictly, fetches nothing from elsewhere, and its made pages hold all that they are made from."""

import html
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mentalarena.config import Config
from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # not --quiet: warnings that are not shown are not counted
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)  # noqa: S603
    assert result.returncode == 0, result.stderr
    return folder


class Fetched(HTMLParser):
    """What a browser would fetch for a page, by address."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "object", "embed"):
            self.addresses.append(told.get("src") or told.get("data") or "")
        if tag == "link" and told.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "dns-prefetch"):
            self.addresses.append(told.get("href") or "")


def test_no_page_and_no_style_fetches_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        fetched = Fetched()
        fetched.feed(page.read_text("utf-8"))
        assert not [a for a in fetched.addresses if re.match(r"(https?:)?//", a)], page
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//", style.read_text("utf-8")), style


def test_every_command_and_setting_stands_in_the_reference(site: Path) -> None:
    line = (site / "reference" / "cli" / "index.html").read_text("utf-8")
    for command in ("run", "play", "audit", "export", "patients from-text", "benchmarks run"):
        assert f"<code>mentalarena {command}</code>" in line
    told = (site / "reference" / "settings" / "index.html").read_text("utf-8")
    for name, field in Config.model_fields.items():
        for key in getattr(field.annotation, "model_fields", {}):
            if name != "models":
                assert f'id="{name}.{key}"' in told
    assert 'id="models.provider"' in told


def test_public_names_stand_in_the_reference(site: Path) -> None:
    import mentalarena

    page = (site / "reference" / "python" / "index.html").read_text("utf-8")
    for name in mentalarena.__all__:
        assert re.search(rf'id="mentalarena[\w.]*\.{name}"', page), name


def test_the_picture_of_the_loop_is_in_the_page_and_follows_its_colours(site: Path) -> None:
    page = (site / "concepts" / "index.html").read_text("utf-8")
    assert "<svg" in page
    assert "--md-default-fg-color" in page
    assert "<desc" in page


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_the_gallery_shows_each_example_with_what_it_prints(site: Path, example: Path) -> None:
    page = (site / "gallery" / "index.html").read_text("utf-8")
    shown = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert example.read_text("utf-8").strip() in shown
    assert (ROOT / "examples" / "output" / f"{example.stem}.txt").read_text("utf-8").strip() in shown
