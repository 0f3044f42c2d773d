"""A merchant opens a store: from the first page to the first visitor of the shop in one run, leaving in the
middle and going on in another browser."""

import uuid

from playwright.sync_api import expect

from demo import PATIENCE_SECONDS, wait_for

PASSWORD = "a sentence that is long enough"


def test_a_merchant_opens_a_store_and_goes_on_in_another_browser(visit, demo):
    slug = f"werkstatt-{uuid.uuid4().hex[:8]}"
    email = f"{slug}@demo.cartflux.test"
    with visit() as first:
        sign_up(first, demo, email)
        first.page.get_by_role("link", name="Open a store").click()
        first.fill(
            {"name": "Werkstatt Müller & Țurcanu", "slug": slug, "country": "RO", "currency": "EUR",
             "language": "de"}
        )
        first.send("Open the store")
        describe(first, slug)
        choose_products(first)
        expect(first.page.get_by_role("heading", level=1)).to_have_text("Look")
        first.picture("wizard-left-here")
    with visit(size={"width": 360, "height": 740}) as second:
        sign_in(second, demo, email)
        second.page.get_by_role("link", name="Werkstatt Müller & Țurcanu").click()
        second.see("Set up your store")
        second.picture("wizard-resumed")
        second.page.locator("main section li a").first.click()
        # What was left is where it was left, and nothing of it is lost.
        expect(second.page.get_by_role("heading", level=1)).to_have_text("Look")
        second.page.get_by_role("link", name="Business identity").click()
        expect(second.page.locator("[name=city]")).to_have_value("Cluj-Napoca")
        second.page.get_by_role("link", name="Look", exact=True).click()
        second.fill({"preset": "harbour"})
        second.send("Save and continue")
        connect_stripe(second)
        connect_smartbill(second, slug)
        second.fill({"shipping": "4.99", "days_from": "2", "days_to": "5", "withdrawal": "14"})
        second.send("Save and continue")
        second.picture("wizard-publish")
        second.send("Publish the store")
        # Nobody presses anything: the page asks by itself.
        expect(second.page.get_by_text("Your store is online.")).to_be_visible(
            timeout=PATIENCE_SECONDS * 1000
        )
        second.picture("wizard-online")
        address = second.page.locator("main .note a").get_attribute("href")
    with visit() as shopper:
        shopper.open(address)
        expect(shopper.page.locator("html")).to_have_attribute("lang", "de")
        assert shopper.page.locator("main li.card").count() > 0
        shopper.picture("wizard-shop")


def sign_up(visitor, demo, email, name="Ștefania Müller"):
    visitor.open(f"{demo.dashboard}/sign-up")
    visitor.fill({"name": name, "email": email, "password": PASSWORD, "language": "de"})
    visitor.send("Create the account")
    visitor.open(demo.letter(email, "/verify?token="))
    visitor.fill({"password": PASSWORD})
    visitor.send("Confirm")
    visitor.page.wait_for_url("**/stores")


def sign_in(visitor, demo, email):
    visitor.open(f"{demo.dashboard}/sign-in")
    visitor.fill({"email": email, "password": PASSWORD})
    visitor.send("Sign in")
    visitor.page.wait_for_url("**/stores")


def describe(visitor, slug):
    visitor.page.wait_for_url("**/onboarding/business")
    visitor.fill(
        {
            "legal_name": "Werkstatt Müller SRL", "country": "RO", "vat_number": "RO12345674",
            "registration": "J40/1/2026", "address_line": "Str. Exemplu 12", "postcode": "400001",
            "city": "Cluj-Napoca", "phone": "+40721000002", "email": f"hello@{slug}.test",
        }
    )
    visitor.send("Save and continue")
    visitor.page.wait_for_url("**/onboarding/catalogue")


def choose_products(visitor):
    offers = visitor.page.locator("main input[type=checkbox][name^='take:']")
    for place in range(3):
        offers.nth(place).check()
    visitor.send("Save and continue")


def connect_stripe(visitor):
    """Stripe's own forms, and back; what Stripe makes of them is told by its webhook."""
    page = visitor.page
    page.wait_for_url("**/onboarding/payments")
    button = page.get_by_role("button", name="Go to Stripe's forms")
    wait_until_shown(visitor, button, "the account at Stripe is open")
    button.click()
    page.get_by_role("link", name="Continue at Stripe").click()
    page.wait_for_url("**/_sandbox/onboarding/**")
    page.locator("button[value=complete]").click()
    page.wait_for_url("**/onboarding/payments**")
    wait_until_shown(visitor, page.get_by_text("Payments are enabled."), "Stripe has enabled payments")
    page.get_by_role("link", name="Continue", exact=True).click()


def connect_smartbill(visitor, slug):
    visitor.page.wait_for_url("**/onboarding/invoicing")
    visitor.fill({"company": "RO12345674", "user": f"owner@{slug}.test", "token": f"demo-{slug}"})
    visitor.send("Test the connection")
    visitor.see("The connection works.")
    visitor.send("Use this series")
    visitor.page.wait_for_url("**/onboarding/policies")


def wait_until_shown(visitor, locator, what):
    """For what another process finishes; the merchant would load the page again as well."""

    def look():
        if locator.is_visible():
            return True
        visitor.page.reload()
        return None

    wait_for(what, look)
