"""Pages that move: an order's page and a run's page change while they are open, as the server tells them to.
Where events cannot be had they ask by themselves, and without JavaScript they load themselves again."""

import re
from collections import namedtuple

import pytest
from playwright.sync_api import expect

from demo import PATIENCE_SECONDS, Shop
from shopping import watch
from test_operator import look_for
from visitor import PHONE

# A store that no other test watches an unpaid order of.
STORE = "nordlicht"
PATIENCE = PATIENCE_SECONDS * 1000

# What a run listens to; the pages on the way to it may listen.
RUN_STREAM = re.compile(r"/sse\?topics=run")

Unpaid = namedtuple("Unpaid", "shop number address payment")


@pytest.fixture
def unpaid(demo):
    """An order that waits for its money; `pay(unpaid)` lets it go on."""
    shop = Shop(demo, STORE)
    order = shop.check_out("Ana")
    payable = shop.order(order["token"], lambda read: read.get("payment") and read.get("number"))
    address = f"{demo.store(STORE)}/en/o/{order['token']}"
    return Unpaid(shop, payable["number"], address, payable["payment"])


def test_an_orders_page_changes_while_it_is_open(visit, unpaid):
    with visit(size=PHONE) as visitor:
        streams = note_streams(visitor)
        page = visitor.open(unpaid.address)
        expect(page.locator("main a.button[rel='nofollow']")).to_be_visible(timeout=PATIENCE)
        page.evaluate("window.isTheSamePage = true")
        pay(unpaid)
        watch(visitor)
        assert page.evaluate("window.isTheSamePage === true"), "the page was loaded again"
        assert any(each.endswith("/events") for each in streams), "the page never listened"


def test_an_orders_page_loads_itself_again_without_javascript(visit, unpaid):
    with visit(size=PHONE, java_script_enabled=False) as visitor:
        page = visitor.open(unpaid.address)
        expect(page.locator("head meta[http-equiv=refresh]")).to_have_count(1)
        pay(unpaid)
        watch(visitor)
        # What has come to its end is left alone.
        expect(page.locator("head meta[http-equiv=refresh]")).to_have_count(0)


def test_a_runs_page_changes_while_it_is_open(visit, demo, unpaid, operator_state):
    with visit(storage_state=operator_state) as visitor:
        streams = note_streams(visitor)
        page = open_run(visitor, demo, unpaid)
        expect(page.locator("#live-bar")).to_have_attribute("data-now", "on", timeout=PATIENCE)
        page.evaluate("window.isTheSamePage = true")
        pay(unpaid)
        expect(page.locator("#run-head")).to_contain_text("succeeded", timeout=PATIENCE)
        assert page.evaluate("window.isTheSamePage === true"), "the page was loaded again"
        assert any("/sse?" in each for each in streams), "the page never listened"
        # Nothing more will come, so there is nothing to hold still either.
        expect(page.locator("#live-bar")).to_be_hidden()


def test_a_runs_page_that_is_held_still_says_what_it_missed(visit, demo, unpaid, operator_state):
    with visit(storage_state=operator_state) as visitor:
        page = open_run(visitor, demo, unpaid)
        hold = page.locator("#live-bar [data-hold]")
        expect(page.locator("#live-bar")).to_have_attribute("data-now", "on", timeout=PATIENCE)
        page.locator("h1").click()
        page.keyboard.press("p")
        expect(hold).to_have_attribute("aria-pressed", "false")
        expect(hold).to_have_text("Live updates: paused")
        pay(unpaid)
        expect(page.locator("#live-bar [data-state]")).to_contain_text("change", timeout=PATIENCE)
        expect(page.locator("#run-head")).not_to_contain_text("succeeded")
        # In a field the letter is a letter.
        page.get_by_role("searchbox").press("p")
        expect(hold).to_have_attribute("aria-pressed", "false")
        page.locator("h1").click()
        page.keyboard.press("p")
        expect(page.locator("#run-head")).to_contain_text("succeeded", timeout=PATIENCE)


def test_a_runs_page_asks_by_itself_where_it_may_not_listen(visit, demo, unpaid, operator_state):
    with visit(storage_state=operator_state) as visitor:
        visitor.page.route(RUN_STREAM, lambda route: route.fulfill(status=429, body=""))
        page = open_run(visitor, demo, unpaid)
        expect(page.locator("#live-bar")).to_have_attribute("data-now", "stale", timeout=PATIENCE)
        page.evaluate("window.isTheSamePage = true")
        pay(unpaid)
        expect(page.locator("#run-head")).to_contain_text("succeeded", timeout=PATIENCE)
        assert page.evaluate("window.isTheSamePage === true"), "the page was loaded again"
        # That it was refused is what this test is about.
        visitor.complaints = [each for each in visitor.complaints if "/sse?" not in each]


def test_a_runs_page_loads_itself_again_without_javascript(visit, demo, unpaid, operator_state):
    with visit(storage_state=operator_state, java_script_enabled=False) as visitor:
        page = open_run(visitor, demo, unpaid)
        expect(page.locator("head meta[http-equiv=refresh]")).to_have_count(1)
        expect(page.locator("#live-bar")).to_be_hidden()
        pay(unpaid)
        expect(page.locator("#run-head")).to_contain_text("succeeded", timeout=PATIENCE)
        expect(page.locator("head meta[http-equiv=refresh]")).to_have_count(0)


def pay(unpaid):
    unpaid.shop.pay(unpaid.payment)


def open_run(visitor, demo, unpaid):
    """From the order's number to the run that serves it."""
    visitor.open(demo.console + "/ops")
    look_for(visitor, unpaid.number)
    page = visitor.page
    page.locator("main tr", has_text=STORE).locator("a[href^='/ops/orders/']").first.click()
    page.wait_for_url("**/ops/orders/**")
    runs = page.locator("main tr", has_text="checkout_to_fulfilment")
    runs.locator("a[href^='/ops/runs/']").first.click()
    page.wait_for_url("**/ops/runs/**")
    return page


def note_streams(visitor):
    """The addresses of the event streams that were opened, as they are."""
    streams = []

    def note(answer):
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            streams.append(answer.url)

    visitor.page.on("response", note)
    return streams
