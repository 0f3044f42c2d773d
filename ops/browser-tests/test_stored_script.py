"""Script in the fields that people write: it is shown as the text it is, on every page it comes to. A shopper
and a merchant write it wherever they may; the merchant, the shopper and an operator then look."""

import uuid

from playwright.sync_api import expect

from shopping import BUYER, choose, order
from test_merchant import sign_up

# Leaves an attribute, a text and an element alike, and plants what can be found if it gets out.
SCRIPT = "\"><img class=planted src=x onerror=a()><script>a()</script>"
# As long as a name may be.
NAME = "\"><img class=planted src=x>"
PLACES = [
    "", "orders", "customers", "products", "catalogue", "price-rule", "suppliers", "suppliers/new",
    "discounts", "returns", "claims", "webhooks", "api-keys", "domain", "personal-data", "affiliate",
    "invoices", "team", "audit", "settings",
]
STEPS = ["business", "catalogue", "theme", "payments", "invoicing", "policies", "publish"]


def test_what_a_shopper_writes_stays_text(visit, demo, merchant_state):
    shop = demo.store(demo.merchant["store"])
    with visit() as shopper:
        shopper.open(f"{shop}/search?q={SCRIPT}")
        expect(shopper.page.locator("#q")).to_have_value(SCRIPT)
        assert_harmless(shopper)
        choose(shopper, f"{shop}/en")
        shopper.page.locator("main a.button[href$='/checkout']").click()
        # What is refused comes back into every field.
        shopper.fill({name: SCRIPT for name in BUYER})
        shopper.page.locator("main form[action$='/checkout'] button").click()
        expect(shopper.page.get_by_role("alert")).to_be_visible()
        expect(shopper.page.locator("[name=line]")).to_have_value(SCRIPT)
        assert_harmless(shopper)
        # What is taken goes on to the pages of others.
        shopper.open(f"{shop}/en/cart")
        words = {"firstName": NAME, "lastName": NAME, "line": SCRIPT, "city": SCRIPT}
        order(shopper, {**BUYER, **words})
        shopper.see(NAME)
        assert_harmless(shopper)
    with visit(storage_state=merchant_state) as merchant:
        merchant.open(f"{demo.dashboard}/stores")
        merchant.page.locator("main .name a").first.click()
        merchant.page.get_by_role("link", name="Orders", exact=True).first.click()
        merchant.page.locator("main tbody a").first.click()
        merchant.see(SCRIPT)
        assert_harmless(merchant)


def test_what_a_merchant_writes_stays_text(visit, demo, operator_state):
    with visit() as merchant:
        root = open_store(merchant, demo)
        for step in STEPS:
            misuse(merchant, f"{root}/onboarding/{step}")
        for place in PLACES:
            misuse(merchant, f"{root}/{place}".rstrip("/"))
        for place in PLACES:
            merchant.open(f"{root}/{place}".rstrip("/"))
            assert_harmless(merchant)
        merchant.open(f"{root}/preview")
        merchant.see(SCRIPT)
        assert_harmless(merchant)
        merchant.picture("stored-script-shop")
    with visit(storage_state=operator_state) as operator:
        for path in (f"search?q={SCRIPT}", f"runs?q={SCRIPT}", "tenants", f"audit?target={SCRIPT}"):
            operator.open(f"{demo.console}/ops/{path}")
            assert_harmless(operator)
        operator.open(f"{demo.console}/ops/tenants/{root.rsplit('/', 1)[1]}")
        operator.see(SCRIPT)
        assert_harmless(operator)


def open_store(visitor, demo):
    """A store that is called so, of somebody who is called so; the address of its pages."""
    slug = f"script-{uuid.uuid4().hex[:8]}"
    sign_up(visitor, demo, f"{slug}@demo.cartflux.test", name=SCRIPT)
    visitor.open(f"{demo.dashboard}/stores/new")
    visitor.fill({"name": SCRIPT, "slug": slug, "country": "RO", "currency": "EUR", "language": "en"})
    visitor.send("Open the store")
    visitor.page.wait_for_url("**/onboarding/business")
    return visitor.page.url.removesuffix("/onboarding/business")


def misuse(visitor, address):
    """Sends every form of a page with script in every field that takes text."""
    page = visitor.page
    forms = "main form"
    visitor.open(address)
    # An answer may have fewer of them: what was asked for is gone.
    for place in range(page.locator(forms).count()):
        if place > 0:
            visitor.open(address)
        form = page.locator(forms).nth(place)
        # Set as a program would: what is hidden or bounded by the browser must be safe as well.
        form.evaluate(
            """(form, text) => {
                for (const each of form.elements)
                    if (["text", "search", "email", "tel", "password", "textarea", "url"].includes(each.type))
                        each.value = text;
            }""",
            SCRIPT,
        )
        with page.expect_navigation():
            form.evaluate("form => form.submit()")
        assert_harmless(visitor)


def assert_harmless(visitor):
    planted = visitor.page.locator(".planted").count()
    assert planted == 0, f"{visitor.page.url} made elements of what somebody wrote"
    visitor.assert_calm()
