"""Reports in a real browser: nothing is asked of a network, nothing is wrong on the console, and everything to touch does what it says.

Usage: check.py CHROMIUM KINDLING REPORT.html ...   (with Playwright, which drives the Chromium that is given, and Pillow)

KINDLING is the program, whose `predict` says what a drawn digit is, beside the page. Of each report what there is gets checked; the last lines say what
was checked of how many, and a check of nothing fails.
"""

import base64
import collections
import io
import json
import math
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

# What the probabilities of a page may be away from those of `predict`.
TOLERANCE = 1e-3
# What a decoded pixel may be away from that of unrounded weights: 8 bits a weight are in the least a page has.
PIXEL = 0.03
# Playwright switches off what keeps a page from changing its address too often; readers have it.
GUARDS = ["--disable-ipc-flooding-protection"]


def address(page: Page) -> str:
    """The address, once what was chosen is in it."""
    page.wait_for_timeout(400)
    return page.url


def column(page: Page, table: int, index: int) -> list[str]:
    return page.locator(f"table >> nth={table} >> tbody tr td:nth-child({index + 1})").all_text_contents()


def check_sorting(page: Page) -> bool:
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
            first = heads.nth(index).get_attribute("aria-sort")
            assert [float(text) for text in column(page, table, index)] == sorted(numbers, reverse=first == "descending")
            assert f"sort{table}=" in address(page), page.url
            button.click()
            assert [float(text) for text in column(page, table, index)] == sorted(numbers, reverse=first == "ascending")
            button.click()
            assert column(page, table, index) == before
            assert heads.nth(index).get_attribute("aria-sort") is None
            return True
    return False


def check_best_first(page: Page) -> bool:
    """A click on the interquartile mean puts the arm that ranks first on top."""
    best = page.locator("td.first")
    head = page.locator("th", has_text=re.compile("^IQM$"))
    if best.count() != 1 or head.count() == 0:
        return False
    name = best.get_attribute("data-arm")
    head.first.locator("button").click()
    assert page.locator("table >> nth=0 >> tbody tr >> nth=0 >> td >> nth=0").get_attribute("data-arm") == name
    head.first.locator("button").click()
    head.first.locator("button").click()
    return True


def check_contents(page: Page) -> bool:
    """Every link of the contents leads to a heading of its words, and goes there."""
    links = page.locator("nav a")
    for index in range(links.count()):
        link = links.nth(index)
        heading = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
        assert heading.count() == 1 and heading.inner_text() == link.inner_text(), link.inner_text()
    if links.count() == 0:
        return False
    links.last.click()
    assert heading.is_visible() and "at=" in address(page)
    return True


def check_hiding(page: Page) -> bool:
    """An arm that is switched off is nowhere, the rows close up, and the address shows the same to the next reader."""
    bar = page.locator("#arms")
    if bar.count() == 0:
        return False
    bar.locator("summary").first.click()
    box = bar.locator("input[type=checkbox]").first
    if not box.is_visible():
        bar.locator("details summary").first.click()
    arms = page.evaluate("page.arms.map(arm => arm.label)")
    plot = page.locator("figure[data-figure=boxplot] svg")
    height = plot.bounding_box()["height"] if plot.count() else 0
    box.uncheck()
    gone = [arm for place, arm in enumerate(arms) if not page.evaluate(f"arms.isShown({place})")]
    assert 0 < len(gone) < len(arms), gone
    for arm in gone:
        marks = page.evaluate(
            "arm => [...document.querySelectorAll('[data-arm]')].filter(mark => mark.dataset.arm === arm)"
            ".filter(mark => mark.getClientRects().length).length",
            arm,
        )
        assert marks == 0, f"{marks} marks of {arm} are seen"
    if plot.count():
        assert plot.bounding_box()["height"] < height
    chart = page.locator("#curves-chart")
    if chart.count():
        drawn = set(page.evaluate("[...document.querySelectorAll('#curves-chart [data-curve]')].map(c => Number(c.dataset.curve))"))
        assert drawn and not drawn & {arms.index(arm) for arm in gone}
    again = page.context.new_page()
    again.goto(address(page))
    assert again.evaluate("page.arms.map((_, place) => arms.isShown(place))") == [arm not in gone for arm in arms]
    again.close()
    bar.locator("button", has_text="show all").click()
    assert page.evaluate("page.arms.every((_, place) => arms.isShown(place))")
    if plot.count():
        assert abs(plot.bounding_box()["height"] - height) < 1
    bar.locator("summary").first.click()
    return True


def check_names(page: Page) -> bool:
    """A mark under the pointer is named with its seed and value; by keyboard the arrows go through a row."""
    dot = page.locator("figure[data-figure=boxplot] [data-row] circle").first
    if dot.count() == 0:
        return False
    dot.scroll_into_view_if_needed()
    name = dot.get_attribute("data-name")
    assert re.match(r"seed \d+: ", name), name
    box = dot.bounding_box()
    # Where dots lie on each other the uppermost is named.
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.locator("#tip")
    assert tip.is_visible() and dot.locator("xpath=ancestor::*[@data-arm][1]").get_attribute("data-arm") in tip.inner_text(), tip.inner_text()
    row = page.locator("figure[data-figure=boxplot] [data-row][tabindex]").first
    row.focus()
    page.keyboard.press("Home")
    first = tip.inner_text()
    page.keyboard.press("End")
    count = row.locator("circle").count()
    assert count == 1 or tip.inner_text() != first
    page.mouse.move(0, 0)
    row.blur()
    return True


def check_colours(page: Page) -> bool:
    """Where another setting colours the arms, the legend of the first is gone, and rows of one value have one colour."""
    menu = page.locator("#colour-by")
    if menu.count() == 0 or menu.locator("option").count() < 2:
        return False
    page.locator("#arms summary").first.click()
    setting = menu.locator("option").last.get_attribute("value")
    menu.select_option(setting)
    rows = page.evaluate(
        "setting => [...document.querySelectorAll('figure[data-figure=boxplot] [data-row]')].map(row =>"
        " [arms.all[arms.place(row.dataset.arm)].settings[setting], getComputedStyle(row).color])",
        setting,
    )
    colours = {value: colour for value, colour in rows}
    assert rows and all(colours[value] == colour for value, colour in rows)
    assert len(set(colours.values())) == len(colours)
    assert page.locator("[data-legend]:visible").count() == 0
    menu.select_option("")
    assert page.locator("[data-legend]").count() == page.locator("[data-legend]:visible").count()
    page.locator("#arms summary").first.click()
    return True


def check_curves(page: Page) -> bool:
    """The cursor reads the epochs, by pointer and by keyboard; linear scales have other ticks; every panel has three at least."""
    chart = page.locator("#curves-chart")
    if chart.count() == 0:
        return False
    chart.scroll_into_view_if_needed()
    head = page.locator("table.readout th").first
    last = head.inner_text()
    chart.focus()
    page.keyboard.press("ArrowLeft")
    epochs = page.evaluate("page.curves.epochs.length")
    assert epochs == 1 or head.inner_text() != last, last
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 62 / 760, box["y"] + box["height"] * 0.2)
    assert head.inner_text() == "epoch 1", head.inner_text()
    # What is read is what the data say.
    panel = page.evaluate("page.curves.panels[0]")
    cell = page.locator("table.readout tbody tr td:nth-child(2)").first.inner_text()
    best = page.evaluate("page.ranked[0]")
    assert math.isclose(float(cell), panel["arms"][best][0], rel_tol=6e-3), (cell, panel["arms"][best][0])
    ticks = "[...document.querySelectorAll('#curves-chart text[text-anchor=end]')].map(t => t.textContent).join()"
    logarithmic = page.evaluate(ticks)
    assert len(logarithmic.split(",")) >= 3 * page.evaluate("page.curves.panels.length"), logarithmic
    page.locator("#linear").check()
    # Over a few epochs the values are near each other, and the ticks may be the same.
    assert page.evaluate(ticks) != logarithmic or epochs < 10
    assert "scale=linear" in address(page)
    page.locator("#linear").uncheck()
    return True


def check_brush(page: Page) -> bool:
    """A drag along the axis of the score keeps the arms that cross it there, and a click on the axis takes it back."""
    plot = page.locator("figure[data-figure=search] svg")
    if plot.count() == 0:
        return False
    plot.scroll_into_view_if_needed()
    axis = plot.locator("[data-coordinate]").last.bounding_box()
    page.mouse.move(axis["x"], axis["y"])
    page.mouse.down()
    page.mouse.move(axis["x"], axis["y"] + axis["height"] / 3, steps=4)
    page.mouse.up()
    shown = page.evaluate("arms.shown().length")
    assert 0 < shown < page.evaluate("arms.all.length"), shown
    # The best arm is at an end of the axis; the ones that are left are at the same.
    assert page.evaluate("arms.isShown(page.ranked[0])") == page.evaluate("page.higher_is_better")
    again = page.context.new_page()
    again.goto(address(page))
    assert again.evaluate("arms.shown().length") == shown, page.url
    again.close()
    page.mouse.click(axis["x"], axis["y"] + 2)
    assert page.evaluate("arms.shown().length === arms.all.length")
    # By keyboard, the lower end moves up until the worst arm is left out.
    plot.locator("[data-coordinate]").last.focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    assert 0 < page.evaluate("arms.shown().length") < page.evaluate("arms.all.length")
    page.keyboard.press("Escape")
    assert page.evaluate("arms.shown().length === arms.all.length")
    return True


def predicted(program: Path, model: Path, png: bytes) -> dict[str, float]:
    """The likeliest classes of a picture with their probabilities, by `kindling predict`."""
    with tempfile.TemporaryDirectory() as desk:
        picture = Path(desk) / "drawn.png"
        picture.write_bytes(png)
        out = subprocess.run([program, "predict", model, picture, "--json"], check=True, capture_output=True, text=True).stdout
    return {top["class"]: top["probability"] for top in json.loads(out)["top"]}


def check_drawing(page: Page, program: Path, folder: Path) -> bool:
    """A seven that is drawn with the mouse has the probabilities that `predict` gives the same picture; a picked image has the recorded votes."""
    pad = page.locator("#pad")
    if pad.count() == 0:
        return False
    page.locator(".widget button", has_text="clear").click()
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.25, 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.75, 0.2), steps=8)
    page.mouse.move(*at(0.45, 0.85), steps=8)
    page.mouse.up()
    page.wait_for_selector("[data-votes]")
    rows = page.locator("[data-votes]")
    assert rows.count() >= 1
    model = next((place for place in [folder, *sorted(folder.glob("models/*/seed-*"))] if (place / "model.toml").exists()), None)
    if model is not None:
        # The canvas as a picture; the first row is the best arm, and the only one of a training.
        url = page.evaluate("document.getElementById('pad').toDataURL()")
        png = base64.b64decode(url.split(",")[1])
        expected = predicted(program, model, png)
        classes = page.evaluate("page.classifiers.classes")
        found = [float(p) for p in rows.first.locator("[data-probabilities]").get_attribute("data-probabilities").split()]
        for name, probability in expected.items():
            assert abs(found[classes.index(name)] - probability) < TOLERANCE, (expected, found)
        print(f"  drawn 7: predict {expected}, page {[round(p, 4) for p in found]}")
    samples = page.locator("#sample")
    if samples.count():
        samples.select_option(index=1)
        votes = rows.first.locator("td").last.inner_text()
        assert sum(int(part.rsplit(":", 1)[1]) for part in votes.split(",")) >= 1, votes
        again = page.context.new_page()
        again.goto(address(page))
        again.wait_for_selector("[data-votes]")
        assert again.locator("#sample").input_value() == samples.input_value()
        again.close()
    return model is not None


def check_confused(page: Page) -> bool:
    """A wrong cell of the confusion matrix has its images behind it."""
    box = page.locator(".confused")
    if box.count() == 0:
        return False
    cell = page.locator("[data-cell][role=button]").first
    cell.scroll_into_view_if_needed()
    cell.focus()
    page.keyboard.press("Enter")
    truth, wrong, count = map(int, cell.get_attribute("data-cell").split())
    assert truth != wrong and 0 < box.locator("canvas").count() <= count
    sums = page.evaluate(
        "[...document.querySelectorAll('.confused canvas')].map(c =>"
        " c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => a + b, 0))"
    )
    assert len(set(sums)) == len(sums) and all(total > 0 for total in sums), sums
    return True


def check_learning(page: Page) -> bool:
    """The slider shows other outputs at other epochs, and the curves are read at the same."""
    slider = page.locator("#epoch")
    if slider.count() == 0:
        return False
    picture = "[...document.querySelectorAll('[data-training] canvas')].map(c => c.toDataURL())"
    last = page.evaluate(picture)
    slider.fill("0")
    assert "before training" in page.locator(".controls output").first.inner_text()
    first = page.evaluate(picture)
    assert all(a != b for a, b in zip(first, last, strict=True))
    slider.fill("2")
    epoch = int(re.search(r"\d+", page.locator(".controls output").first.inner_text()).group())
    assert page.locator("table.readout th").first.inner_text() == f"epoch {epoch}"
    return True


def check_descents(page: Page) -> bool:
    """The slider moves a dot for each track."""
    slider = page.locator("figure[data-figure^=descent] input[type=range]").first
    if slider.count() == 0:
        return False
    places = "[...document.querySelectorAll('[data-track] circle')].map(c => `${c.cx.baseVal.value} ${c.cy.baseVal.value}`).join()"
    end = page.evaluate(places)
    slider.fill("0")
    assert page.evaluate(places) != end
    return True


def decoded_by_hand(folder: Path, seed: int, place: int) -> list[float]:
    """The reconstruction of a test image from its recorded code and the saved weights, in plain Python."""
    raw = (folder / f"models/seed-{seed}/model.safetensors").read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    tensors = json.loads(raw[8 : 8 + length])

    def numbers(name: str) -> list[float]:
        begin, end = (8 + length + offset for offset in tensors[name]["data_offsets"])
        return list(struct.unpack(f"<{(end - begin) // 4}f", raw[begin:end]))

    npy = (folder / "codes.npy").read_bytes()
    header = struct.unpack("<H", npy[8:10])[0]
    width = tensors["decoder.layers.0.weight"]["shape"][-2]
    x = list(struct.unpack_from(f"<{width}f", npy, 10 + header + 4 * width * place))
    last = max(int(name.split(".")[2]) for name in tensors if name.startswith("decoder.layers."))
    for layer in range(last + 1):
        weights, sums = numbers(f"decoder.layers.{layer}.weight"), numbers(f"decoder.layers.{layer}.bias")
        outputs = len(sums)
        for i, value in enumerate(x):
            if value:
                sums = [total + value * weight for total, weight in zip(sums, weights[i * outputs : (i + 1) * outputs], strict=True)]
        # ReLU, which is the default, and pixels at the end.
        x = [max(0.0, z) for z in sums] if layer < last else [1 / (1 + math.exp(-z)) for z in sums]
    return x


def check_walking(page: Page, folder: Path) -> bool:
    """A dragged code is decoded anew; at an end of the line is the reconstruction of its image, and noise changes what is reconstructed."""
    share = page.locator("#walk")
    if share.count() == 0:
        return False
    share.scroll_into_view_if_needed()
    decoded = "[...document.querySelector('#walk').closest('section').querySelectorAll('.side')[0].querySelectorAll('canvas')[1].decoded]"
    share.fill("0")
    start = page.evaluate(decoded)
    share.fill("1")
    end = page.evaluate(decoded)
    share.fill("0.5")
    middle = page.evaluate(decoded)
    assert start != end and middle not in (start, end)
    assert all(0 <= value <= 1 for value in start + end + middle)
    # At the ends are the reconstructions, as the saved network has them.
    codes = page.evaluate("({ places: page.codes.places, seed: page.codes.seed })")
    for share_of, found in [("walk-from", start), ("walk-to", end)]:
        place = codes["places"][int(page.locator(f"#{share_of}").input_value())]
        expected = decoded_by_hand(folder, codes["seed"], place)
        away = max(abs(a - b) for a, b in zip(expected, found, strict=True))
        assert away < PIXEL, away
    page.locator(".widget summary").first.click()
    page.locator("#axis-0").fill("3")
    assert page.evaluate(decoded) != middle
    # As fast as a slider can be dragged.
    page.evaluate("for (let i = 0; i < 400; i++) { const walk = document.getElementById('walk'); walk.value = i / 400; walk.dispatchEvent(new Event('input')); }")
    noise = page.locator("#noise")
    if noise.count():
        canvas = "document.querySelector('#noise').closest('section').querySelectorAll('.side')[1].querySelectorAll('canvas')[1].toDataURL()"
        noise.fill("0")
        clean = page.evaluate(canvas)
        noise.fill("0.8")
        assert page.evaluate(canvas) != clean
    return True


def contrast(page: Page) -> float:
    """The contrast of the page's text with its background (WCAG 2)."""
    colours = page.evaluate("() => ['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])")

    def luminance(text: str) -> float:
        parts = [int(part) / 255 for part in text[text.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(luminance(colour) for colour in colours)
    return (high + 0.05) / (low + 0.05)


# Boxes of text that lie on each other: of headings, paragraphs, cells and labels of controls, and within a figure of its words.
COLLISIONS = """() => {
  const boxes = elements => elements.filter(e => e.checkVisibility()).map(e => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width > 0 && b.height > 0);
  const hit = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  const found = [];
  const compare = list => {
    list.forEach(([a, boxA], i) => list.slice(i + 1).forEach(([b, boxB]) => {
      if (hit(boxA, boxB) && !a.contains(b) && !b.contains(a)) found.push(`${a.textContent} | ${b.textContent}`);
    }));
  };
  compare(boxes([...document.querySelectorAll("h1, h2, p, li, figcaption, .widget label, .widget button, .controls label")]));
  for (const svg of document.querySelectorAll("figure svg")) {
    // A curve's end, a class in the middle of its points: what is drawn with an outline may lie on something.
    compare(boxes([...svg.querySelectorAll("text:not([stroke])")]));
  }
  return found;
}"""


def check_layout(page: Page, width: int, scheme: str, picture: Path) -> None:
    """Nothing beyond the screen, no text on text, and a background of the scheme."""
    beyond = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert beyond <= 0 or width > 600, f"{beyond} pixels beyond the screen"
    assert contrast(page) > 7, contrast(page)
    collisions = page.evaluate(COLLISIONS)
    assert not collisions, collisions[:5]
    shot = Image.open(io.BytesIO(page.screenshot(path=picture))).convert("L")
    shade = shot.getpixel((1, shot.height - 2))
    assert (shade < 60) == (scheme == "dark"), shade


# What nobody would write, and a reader may type.
MALFORMED = (
    "#sort0=length.ascending&sort1=-1.descending&off=nothing&off=x%3Dy&hide=99999.-1.a&colour=nonsense&brush=length_1_2&brush=0_9_1"
    "&image=-1&walk=a_b_c&epoch=zz&step=1.5&scale=other&at=nowhere&%E0%A4%A"
)


def check_malformed(browser: Browser, report: Path) -> None:
    """An address that was written by hand changes nothing and breaks nothing."""
    page, wrong, _ = opened(browser, report, "light", 1200, MALFORMED)
    assert not wrong, wrong
    assert page.evaluate("typeof arms === 'undefined' || arms.shown().length === arms.all.length")
    page.context.close()


def check_touch(browser: Browser, report: Path) -> None:
    """A finger names a mark as a pointer does."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(report.as_uri())
    dot = page.locator("figure[data-figure=boxplot] [data-row] circle").first
    if dot.count():
        dot.scroll_into_view_if_needed()
        box = dot.bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert page.locator("#tip").is_visible()
    context.close()


def opened(browser: Browser, report: Path, scheme: str, width: int, fragment: str = "") -> tuple[Page, list[str], list[str]]:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    context.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    context.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri() + fragment)
    page.wait_for_timeout(300)
    return page, wrong, asked


def main() -> None:
    chromium, program, reports = sys.argv[1], Path(sys.argv[2]).resolve(), [Path(name).resolve() for name in sys.argv[3:]]
    assert reports, "name a report"
    done: collections.Counter[str] = collections.Counter()
    checks = {
        "contents": check_contents,
        "sorting": check_sorting,
        "best first": check_best_first,
        "hiding": check_hiding,
        "names": check_names,
        "colours": check_colours,
        "curves": check_curves,
        "brush": check_brush,
        "confused": check_confused,
        "learning": check_learning,
        "descents": check_descents,
    }
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as desk:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], ignore_default_args=GUARDS)
        for report in reports:
            check_malformed(browser, report)
            check_touch(browser, report)
            kilobytes = report.stat().st_size / 1000
            assert kilobytes < 2000, f"{report} has {kilobytes:.0f} kB"
            for scheme, width in [("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390)]:
                page, wrong, asked = opened(browser, report, scheme, width)
                check_layout(page, width, scheme, Path(desk) / "shot.png")
                touched = []
                if (scheme, width) == ("light", 1200):
                    touched = [name for name, check in checks.items() if check(page)]
                    if check_walking(page, report.parent):
                        touched.append("walking")
                    if check_drawing(page, program, report.parent):
                        touched.append("drawing")
                    done.update(touched)
                asked = [url for url in asked if not url.startswith(("data:", "blob:"))]
                assert {url.split("#")[0] for url in asked} == {report.as_uri()}, asked
                assert not wrong, wrong
                print(f"{report.parent.name}: {scheme}, {width} px, {kilobytes:.0f} kB: {', '.join(touched) or 'laid out'}")
                page.context.close()
        browser.close()
    missing = [name for name in [*checks, "walking", "drawing"] if not done[name]]
    print("checked: " + ", ".join(f"{name} {count}" for name, count in done.items()))
    assert not missing, f"no report had what these check: {missing}"


main()
