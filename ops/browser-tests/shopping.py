"""What a shopper does, step by step, as their browser does it: chooses, orders, pays by card, watches."""

from playwright.sync_api import expect

from demo import CARD, PATIENCE_SECONDS

BUYER = {
    "email": "delivered@resend.dev", "phone": "+40 721 000 001", "firstName": "Ștefania",
    "lastName": "Müller-Țurcanu", "line": "Str. Mihail Kogălniceanu 10", "postcode": "400001",
    "city": "Cluj-Napoca", "county": "Cluj",
}


def choose(visitor, shop):
    """Opens the first product that is to be had and puts one into the basket."""
    page = visitor.open(f"{shop}/all")
    page.locator("main li.card:not(:has(.tag)) h2 a").first.click()
    page.locator("main form.buy button").click()
    page.wait_for_url("**/cart")


def order(visitor, buyer=None):
    """From the basket through the checkout to the order's own page."""
    page = visitor.page
    page.locator("main a.button[href$='/checkout']").click()
    page.wait_for_url("**/checkout")
    visitor.fill(buyer or BUYER)
    page.locator("main form[action$='/checkout'] button").click()
    page.wait_for_url("**/o/*")


def pay(visitor):
    """Enters the card at the payment provider, which sends the browser back."""
    page = visitor.page
    page.locator("main a.button[rel='nofollow']").click(timeout=PATIENCE_SECONDS * 1000)
    page.wait_for_url("**/_sandbox/pay/**")
    visitor.fill(CARD)
    visitor.send("Pay")
    page.wait_for_url("**/o/*")


def watch(visitor):
    """Until every step of the order is done."""
    done = visitor.page.locator("ol.steps li.done")
    expect(done).to_have_count(5, timeout=PATIENCE_SECONDS * 1000)
