"""Reports in a real browser: nothing is asked of a network, nothing is wrong on the console, tables sort, and a phone need not scroll sideways.

Usage: check.py CHROMIUM REPORT.html ...   (with Playwright, which drives the Chromium that is given)
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright


def column(page: Page, table: int, index: int) -> list[str]:
    return page.locator(f"table >> nth={table} >> tbody tr td:nth-child({index + 1})").all_inner_texts()


def check_sorting(page: Page) -> str:
    """Sorts the first column of numbers of the first table with several rows, down, up and back."""
    for table in range(page.locator("table").count()):
        rows = page.locator(f"table >> nth={table} >> tbody tr").count()
        heads = page.locator(f"table >> nth={table} >> thead th")
        for index in range(heads.count()):
            before = column(page, table, index)
            are_numbers = page.locator(f"table >> nth={table} >> tbody td.number:nth-child({index + 1})").count() == rows
            try:
                numbers = [float(text) for text in before]
            except ValueError:
                continue
            if rows < 2 or not are_numbers or len(set(numbers)) < 2:
                continue
            button = heads.nth(index).locator("button")
            # By the keyboard, as by a click.
            button.focus()
            page.keyboard.press("Enter")
            assert [float(text) for text in column(page, table, index)] == sorted(numbers, reverse=True)
            assert heads.nth(index).get_attribute("aria-sort") == "descending"
            button.click()
            assert [float(text) for text in column(page, table, index)] == sorted(numbers)
            button.click()
            assert column(page, table, index) == before
            assert heads.nth(index).get_attribute("aria-sort") is None
            return f"sorted {rows} rows"
    return "no column of different numbers"


def check_contents(page: Page) -> int:
    """Every link of the contents leads to a heading of its words."""
    links = page.locator("nav a")
    for index in range(links.count()):
        link = links.nth(index)
        heading = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
        assert heading.count() == 1 and heading.inner_text() == link.inner_text(), link.inner_text()
    return links.count()


def contrast(page: Page) -> float:
    """The contrast of the page's text with its background (WCAG 2)."""
    colours = page.evaluate("() => ['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])")

    def luminance(text: str) -> float:
        parts = [int(part) / 255 for part in text[text.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(luminance(colour) for colour in colours)
    return (high + 0.05) / (low + 0.05)


def main() -> None:
    chromium, reports = sys.argv[1], [Path(name).resolve() for name in sys.argv[2:]]
    assert reports, "name a report"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for report in reports:
            for scheme, width in [("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390)]:
                context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
                page = context.new_page()
                wrong: list[str] = []
                asked: list[str] = []
                page.on("console", lambda message, wrong=wrong: wrong.append(message.text))
                page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
                page.on("request", lambda request, asked=asked: asked.append(request.url))
                page.goto(report.as_uri())
                done = check_sorting(page) if width > 600 else "stacked"
                links = check_contents(page)
                asked = [url for url in asked if not url.startswith("data:")]
                assert asked == [report.as_uri()], asked
                assert not wrong, wrong
                beyond = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
                assert beyond <= 0 or width > 600, f"{report}: {beyond} pixels beyond the screen"
                assert contrast(page) > 7, contrast(page)
                print(f"{report.parent.name}: {scheme}, {width} px: {links} links, {done}")
                context.close()
        browser.close()


main()
