"""An operator is told of an order that does not move: signs in with a one-time code, reads why it is stuck,
and retries it. One console, one search field, and from the order's number at most two clicks."""

import pytest
from playwright.sync_api import expect

from conftest import sign_in_operator
from demo import Shop, wait_for


@pytest.fixture
def stuck(demo):
    """An order whose supplier has taken it and then refuses our key: its run fails and waits for a person."""
    shop = Shop(demo, "nordlicht")
    order = shop.check_out("Ana")
    payable = shop.order(order["token"], lambda read: read.get("payment"))
    demo.fault("bigbuy", "GET /rest/order/{id}", kind="status", status=401)
    try:
        shop.pay(payable["payment"])
        paid = shop.order(order["token"], lambda read: read["payment_status"] == "paid")
        yield {**paid, "token": order["token"]}
    finally:
        demo.end_faults("bigbuy")


def test_an_operator_finds_why_an_order_is_stuck_and_retries_it(visit, demo, stuck, operator_state):
    with visit(storage_state=operator_state) as visitor:
        visitor.open(demo.console + "/ops")
        # Not one click yet: the answer to the search says why.
        look_for(visitor, stuck["number"])
        reload_until(visitor, "main tr", "API key is refused")
        visitor.picture("operator-search")
        # The first click leads to the run, which says it again and offers what helps.
        open_hit(visitor, "forward_supplier_order")
        visitor.see("check BIGBUY_API_KEY")
        demo.end_faults("bigbuy")
        retry(visitor)
        visitor.picture("operator-retried")
        # The order's own run went down with the one it waited for, and is named next.
        look_for(visitor, stuck["number"])
        open_hit(visitor, "checkout_to_fulfilment")
        retry(visitor)
    Shop(demo, "nordlicht").order(stuck["token"], lambda read: read["fulfilment_status"] == "delivered")


def test_an_operator_signs_in_with_a_one_time_code(visit, demo):
    with visit() as visitor:
        visitor.open(demo.console + "/ops/sign-in")
        person = demo.operator("viewer")
        visitor.fill({"email": person["email"], "password": person["password"], "code": "000000"})
        visitor.send("Sign in")
        expect(visitor.page.get_by_role("alert")).to_be_visible()
        expect(visitor.page.locator("[name=email]")).to_have_value(person["email"])
        visitor.complaints = []
        sign_in_operator(visitor, demo, "viewer")
        visitor.see("visitor@cartflux.test")


def look_for(visitor, words):
    field = visitor.page.get_by_role("searchbox")
    field.fill(str(words))
    field.press("Enter")
    visitor.page.wait_for_url("**/ops/search?**")


def open_hit(visitor, workflow):
    row = visitor.page.locator("main tr", has_text="nordlicht").filter(has_text=workflow)
    row.get_by_role("link", name=workflow).first.click()
    visitor.page.wait_for_url("**/ops/runs/**")


def retry(visitor):
    page = visitor.page
    page.locator("summary", has_text="Retry from the failed step").click()
    page.locator("#retry-reason").fill("BigBuy takes the key again")
    page.get_by_role("button", name="Retry from the failed step").click()
    visitor.see("BigBuy takes the key again")
    reload_until(visitor, "main", "succeeded")


def reload_until(visitor, where, text):
    """Until the page says so, for pages that no news reach."""

    def says():
        if any(text in each for each in visitor.page.locator(where).all_inner_texts()):
            return True
        visitor.page.reload()
        return None

    wait_for(f"{visitor.page.url} to say {text}", says)
