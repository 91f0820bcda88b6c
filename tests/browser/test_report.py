"""The report in a browser: from phone to desktop, light and dark, by keyboard and on paper."""

import json

import pytest

from movierec_report.theme import MODEL_NAMES

WIDTHS = (360, 768, 1280)
THEMES = ("light", "dark")

# elements that go beyond the right edge of the page and cannot be scrolled to
OVERFLOWING = """() => {
  const edge = document.documentElement.clientWidth;
  return [...document.querySelectorAll('main *, header *')]
    .filter(one => !one.closest('.scroll, pre, svg, details:not([open])'))
    .filter(one => one.getBoundingClientRect().right > edge + 1)
    .map(one => `${one.tagName} ${one.textContent.slice(0, 40)}`);
}"""
# texts of charts that overlap one another or go beyond the edge of the chart
MISPLACED_TEXTS = """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')]
    .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
    .filter(([word, box]) => word && box.width);
  const outside = texts.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
    .map(([word]) => `outside: ${word}`);
  const onto = texts.flatMap(([word, a], n) => texts.slice(n + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2)
    .map(([other]) => `${word} on ${other}`));
  return [...outside, ...onto].map(said => `${svg.getAttribute('aria-label')}: ${said}`);
})"""
# texts whose contrast to the page is below 4.5, the minimum of level AA of WCAG
LOW_CONTRASTS = """() => {
  const light = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
      .map(value => value / 255)
      .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll('p, a, td, th, li, caption, figcaption, h1, h2, h3, code')]
    .map(one => {
      const ink = light(getComputedStyle(one).color);
      const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      return [one.tagName + ' ' + one.textContent.slice(0, 30), contrast];
    })
    .filter(([, contrast]) => contrast < 4.5);
}"""


@pytest.fixture
def messages():
    """The console messages, errors and requests of the page."""
    return []


@pytest.fixture(params=[(width, theme) for width in WIDTHS for theme in THEMES], ids=str)
def page(request, browser, report, messages):
    """The report, opened at one width in one theme."""
    width, theme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, offline=True
    )
    page = context.new_page()
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda asked: messages.append(asked.url))
    page.goto(report.as_uri())
    yield page
    context.close()


def test_it_opens_quickly_sends_no_request_and_fits(page, report, messages):
    assert messages == [report.as_uri()]
    timing = page.evaluate("() => performance.getEntriesByType('navigation')[0].toJSON()")
    assert timing["loadEventEnd"] < 2_000
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(MISPLACED_TEXTS) == []
    assert page.evaluate(LOW_CONTRASTS) == []
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate(OVERFLOWING) == []


def test_its_numbers_are_those_of_the_summary(browser, report):
    facts = report.with_name("report.json")
    if not facts.exists():
        pytest.skip("an invented report has no run beside it")
    summary = json.loads(report.with_name("summary.json").read_text(encoding="utf-8"))
    assert json.loads(facts.read_text(encoding="utf-8"))["summary"].items() <= summary.items()
    page = browser.new_page()
    page.goto(report.as_uri())
    k = summary["protocol"]["k"]
    for split in ("test", "validation"):
        table = page.get_by_role("region", name=f"Metrics on {split}")
        for model, values in summary["models"].items():
            name = MODEL_NAMES[model]
            row = table.get_by_role("row").filter(
                has=page.get_by_role("rowheader", name=name, exact=True)
            )
            shown = row.inner_text()
            for metric in ("precision", "map", "ndcg", "recall"):
                assert f"{values[split][f'{metric}_at_{k}']:.4f}" in shown
    page.close()


def test_the_keyboard_reaches_every_scrolling_element(browser, report):
    page = browser.new_page(viewport={"width": 360, "height": 900})
    page.goto(report.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the answer"
    page.keyboard.press("Enter")
    assert page.evaluate("() => location.hash") == "#answer"
    unreachable = """() => [...document.querySelectorAll('*')]
      .filter(one => one.scrollWidth > one.clientWidth + 1
        && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
      .filter(one => one.tabIndex < 0).map(one => one.outerHTML.slice(0, 80))"""
    assert page.evaluate(unreachable) == []
    page.close()


def test_closed_details_are_printed(browser, report):
    page = browser.new_page()
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    closed = page.locator("details:not([open]) table").first
    assert closed.is_visible()
    assert page.pdf(format="A4")[:5] == b"%PDF-"
    page.close()
