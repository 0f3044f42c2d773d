"""What pages weigh, held to the budgets; and how they feel on a slow phone with a bad line, which is told at
the end and not held."""

from urllib.parse import urljoin

import pytest

from shopping import choose
from visitor import PHONE
from vitals import DESK, PRODUCT, SHOP, SlowPhone

SHOP_PAGES = {
    "shop: home": ("/", SHOP),
    "shop: everything": ("/all", SHOP),
    "shop: product": ("/p/desk-lamp", PRODUCT),
    "shop: search": ("/search?q=lamp", SHOP),
}


@pytest.fixture
def look(measured):
    """look(visitor, pages): measures them one after the other; none is above its budget."""

    def look_at(visitor, pages):
        phone = SlowPhone(visitor)
        found = [phone.look(name, address, budget) for name, (address, budget) in pages.items()]
        measured.extend(found)
        above = [each for one in found for each in one["above"]]
        assert not above, "\n".join(above)

    return look_at


@pytest.mark.parametrize("name", SHOP_PAGES)
def test_what_a_page_of_the_shop_weighs(name, look, visit, demo):
    path, budget = SHOP_PAGES[name]
    with visit(size=PHONE, has_touch=True) as visitor:
        look(visitor, {name: (f"{demo.store('lumina')}/en{path}", budget)})


def test_what_the_way_to_an_order_weighs(look, visit, demo, sold):
    shop = f"{demo.store('lumina')}/en"
    with visit(size=PHONE, has_touch=True) as visitor:
        choose(visitor, shop)
        look(visitor, {
            "shop: basket": (f"{shop}/cart", SHOP),
            "shop: checkout": (f"{shop}/checkout", {"html": 30, "css": 10}),
            "shop: order": (f"{shop}/o/{sold['lumina']['token']}", SHOP),
        })


def test_what_the_pages_of_merchants_weigh(look, visit, demo, merchant_state, sold):
    with visit(storage_state=merchant_state) as visitor:
        page = visitor.open(f"{demo.dashboard}/stores")
        store = urljoin(page.url, page.locator("main .name a").first.get_attribute("href"))
        look(visitor, {
            "merchant: home": (store, DESK),
            "merchant: orders": (f"{store}/orders", DESK),
            "merchant: products": (f"{store}/products", DESK),
        })


def test_what_the_pages_of_operators_weigh(look, visit, demo, operator_state, sold):
    with visit(storage_state=operator_state) as visitor:
        look(visitor, {
            "console: overview": (f"{demo.console}/ops", DESK),
            "console: runs": (f"{demo.console}/ops/runs", DESK),
            "console: orders": (f"{demo.console}/ops/orders", DESK),
        })
