"""How pages look under every condition that a visitor brings: each theme of a shop, light and dark, on a
phone, a tablet and a desk. axe finds nothing anywhere, nothing scrolls sideways, and words that are much
longer than the English ones still fit. The main pages stand for all; test_pages.py opens every page."""

from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from demo import wait_for
from inspection import axe_findings
from shopping import choose

THEMES = ["garden", "harbour", "plain"]
SCHEMES = ["light", "dark"]
SIZES = [{"width": 320, "height": 640}, {"width": 768, "height": 1024}, {"width": 1280, "height": 800}]

# Every word of the page with accents and four tenths longer, as a language might have it. What is longer than
# any word of a sentence is data: an id, an address.
LENGTHEN = """() => {
    const accents = {a: "ă", e: "é", i: "î", o: "ö", u: "ü", s: "ș", t: "ț", n: "ñ", A: "Å", E: "É"};
    const word = text => text.length > 20 ? text
        : [...text].map(each => accents[each] ?? each).join("") + text.slice(-Math.ceil(text.length * 0.4));
    const lengthen = text => text.replace(/\\p{L}+/gu, word);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
        if (!texts.currentNode.parentElement.closest("script,style,noscript,code,pre"))
            texts.currentNode.data = lengthen(texts.currentNode.data);
}"""

# What is cut off at the edge of its own box. What is hidden from sight on purpose is a pixel wide.
CUT_OFF = """() => [...document.body.querySelectorAll("*")].filter(each => {
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    if (each.matches("input,select,textarea,svg,svg *,img") || box.width < 2 || box.height < 2) return false;
    const cuts = [style.overflowX, style.overflowY].some(way => way === "hidden" || way === "clip");
    return cuts && each.innerText.trim()
        && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1);
}).map(each => each.outerHTML.slice(0, 160))"""


@pytest.fixture
def wear(visit, demo, merchant_state):
    """wear(theme): the merchant gives the store this theme, and what it wore before at the end."""

    def put_on(theme):
        with visit(storage_state=merchant_state) as merchant:
            page = merchant.open(f"{store_root(merchant, demo)}/onboarding/theme")
            before = page.locator("[name=preset]").input_value()
            merchant.fill({"preset": theme})
            merchant.send("Save and continue")
            page.wait_for_url("**/settings")
        return before

    worn = []

    def put_on_and_remember(theme):
        worn.append(put_on(theme))

    yield put_on_and_remember
    if worn:
        put_on(worn[0])


@pytest.mark.parametrize("theme", THEMES)
def test_a_shop_in_each_theme(theme, visit, demo, sold, wear):
    wear(theme)
    slug = demo.merchant["store"]
    with visit() as visitor:
        addresses = shop_pages(visitor, f"{demo.store(slug)}/en", sold[slug]["token"])
        wait_until_worn(visitor, addresses[0], theme)
        inspect(visitor, addresses, f"looks-{theme}")


def test_the_choice_of_a_look_shows_the_shop(visit, demo, merchant_state):
    with visit(storage_state=merchant_state) as merchant:
        page = merchant.open(f"{store_root(merchant, demo)}/onboarding/theme")
        for name, theme in (("Plain: black and white", "plain"), ("Harbour: blue and sand", "harbour")):
            page.get_by_role("link", name=name).click()
            page.wait_for_url(f"**look={theme}")
            shop = page.frame_locator("iframe.shopframe")
            expect(shop.locator("h1")).to_be_visible()
            # The look is tried on, and its style is there: the policies of both sides agree.
            assert shop.locator(f"link[rel=stylesheet][href*='theme-{theme}']").count() == 1
            expect(shop.locator("header a.brand")).to_have_css("font-weight", "600")
        merchant.picture("looks-frame")


def test_the_merchants_pages_in_each_condition(visit, demo, merchant_state, sold):
    with visit(storage_state=merchant_state) as visitor:
        inspect(visitor, merchant_pages(visitor, demo), "looks-merchant")


def test_the_operators_pages_in_each_condition(visit, demo, operator_state, sold):
    with visit(storage_state=operator_state) as visitor:
        inspect(visitor, operator_pages(visitor, demo), "looks-operator")


def test_words_that_are_longer_still_fit(visit, demo, merchant_state, operator_state, sold):
    slug = demo.merchant["store"]
    with visit() as visitor:
        lengthen(visitor, shop_pages(visitor, f"{demo.store(slug)}/en", sold[slug]["token"]), "longer-shop")
    with visit(storage_state=merchant_state) as visitor:
        lengthen(visitor, merchant_pages(visitor, demo), "longer-merchant")
    with visit(storage_state=operator_state) as visitor:
        lengthen(visitor, operator_pages(visitor, demo), "longer-operator")


# The pages that stand for all.


def shop_pages(visitor, shop, token):
    """Home, a product, the basket with something in it, the checkout and an order."""
    choose(visitor, shop)
    page = visitor.open(f"{shop}/all")
    product = page.locator("main li.card h2 a").first.get_attribute("href")
    return [f"{shop}/", urljoin(page.url, product), f"{shop}/cart", f"{shop}/checkout", f"{shop}/o/{token}"]


def merchant_pages(visitor, demo):
    root = store_root(visitor, demo)
    page = visitor.open(f"{root}/orders")
    order = page.locator("main tbody a").first.get_attribute("href")
    return [root, f"{root}/orders", urljoin(page.url, order), f"{root}/products", f"{demo.dashboard}/billing"]


def operator_pages(visitor, demo):
    ops = f"{demo.console}/ops"
    page = visitor.open(f"{ops}/runs")
    run = urljoin(page.url, page.locator("main tbody a[href^='/ops/runs/']").first.get_attribute("href"))
    return [ops, f"{ops}/runs", run, f"{run}?tab=logs", f"{ops}/queues"]


def store_root(visitor, demo):
    """The address of the merchant's store in the dashboard."""
    page = visitor.open(f"{demo.dashboard}/stores")
    return urljoin(page.url, page.locator("main .name a").first.get_attribute("href"))


def wait_until_worn(visitor, address, theme):
    """Pages and hosts are remembered for a few seconds."""

    def look():
        visitor.page.goto(address)
        links = visitor.page.locator(f"link[rel=stylesheet][href*='theme-{theme}']")
        return True if links.count() else None

    wait_for(f"{address} to wear {theme}", look)


# What is looked at.


def inspect(visitor, addresses, name):
    findings = []
    page = visitor.page
    for place, address in enumerate(addresses):
        visitor.open(address)
        is_first = True
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for size in SIZES:
                page.set_viewport_size(size)
                where = f"{address} ({scheme}, {size['width']} px)"
                findings += axe_findings(page, where, is_first) + overflow(page, where, size)
                is_first = False
            visitor.picture(f"{name}-{place}-{scheme}")
    assert not findings, "\n".join([f"{len(findings)} findings", *findings])


def lengthen(visitor, addresses, name):
    findings = []
    page = visitor.page
    for place, address in enumerate(addresses):
        for size in (SIZES[0], SIZES[-1]):
            page.set_viewport_size(size)
            visitor.open(address)
            page.evaluate(LENGTHEN)
            where = f"{address} ({size['width']} px, longer words)"
            findings += overflow(page, where, size)
            findings += [f"{where} cuts off {each}" for each in page.evaluate(CUT_OFF)]
            visitor.picture(f"{name}-{place}-{size['width']}")
    assert not findings, "\n".join([f"{len(findings)} findings", *findings])


def overflow(page, where, size):
    reach = page.evaluate("document.documentElement.scrollWidth")
    return [f"{where} scrolls sideways, reaches {reach}"] if reach > size["width"] else []
