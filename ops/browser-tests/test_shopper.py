"""A shopper buys, on a phone: in each language, without JavaScript, and with the keyboard alone."""

import pytest
from playwright.sync_api import expect

from demo import CARD, PATIENCE_SECONDS
from shopping import BUYER, choose, order, pay, watch
from visitor import PHONE

# What the law of each country wants the button to say.
BUTTONS = {
    "en": "Order with obligation to pay",
    "ro": "Comandă cu obligație de plată",
    "de": "Zahlungspflichtig bestellen",
    "es": "Pedido con obligación de pago",
}


@pytest.mark.parametrize("language", BUTTONS)
def test_a_shopper_buys_in_each_language(language, visit, demo):
    shop = f"{demo.store('lumina')}/{language}"
    with visit(size=PHONE, locale=language, has_touch=True) as visitor:
        choose(visitor, shop)
        visitor.page.goto(f"{shop}/checkout")
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)
        expect(visitor.page.get_by_role("button", name=BUTTONS[language])).to_be_visible()
        visitor.picture(f"buys-{language}-checkout")
        visitor.page.go_back()
        order(visitor)
        assert f"/{language}/o/" in visitor.page.url
        pay(visitor)
        # The page lives: it comes to its end without being loaded again.
        visitor.page.evaluate("window.isTheSamePage = true")
        watch(visitor)
        assert visitor.page.evaluate("window.isTheSamePage === true")
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)
        visitor.picture(f"buys-{language}-delivered")


def test_a_shopper_buys_without_javascript(visit, demo):
    with visit(size=PHONE, java_script_enabled=False) as visitor:
        choose(visitor, f"{demo.store('lumina')}/de")
        order(visitor)
        pay(visitor)
        watch(visitor)
        visitor.picture("without-javascript-delivered")


def test_what_was_typed_stays_and_the_field_is_pointed_at(visit, demo):
    with visit(size=PHONE) as visitor:
        choose(visitor, f"{demo.store('lumina')}/de")
        page = visitor.page
        page.locator("main a.button[href$='/checkout']").click()
        visitor.fill({**BUYER, "email": "no address", "postcode": "x"})
        page.locator("main form[action$='/checkout'] button").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("[name=email]")).to_have_value("no address")
        expect(page.locator("[name=firstName]")).to_have_value(BUYER["firstName"])
        expect(page.locator("[name=email]")).to_have_attribute("aria-invalid", "true")
        page.locator("[role=alert] a[href='#email']").click()
        expect(page.locator("[name=email]")).to_be_focused()
        visitor.picture("checkout-with-mistakes")


def test_a_shopper_buys_with_the_keyboard_alone(visit, demo):
    with visit() as visitor:
        page = visitor.open(f"{demo.store('lumina')}/en/all")
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        go_to(page, "li.card:not(:has(.tag)) h2 a")
        page.keyboard.press("Enter")
        go_to(page, "form.buy button")
        page.keyboard.press("Enter")
        go_to(page, "a.button[href$='/checkout']")
        page.keyboard.press("Enter")
        for name, value in BUYER.items():
            go_to(page, f"main [name='{name}']")
            page.keyboard.insert_text(value)
        go_to(page, "main form[action$='/checkout'] button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/o/*")
        expect(page.locator("main a.button[rel='nofollow']")).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
        go_to(page, "main a.button[rel='nofollow']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/_sandbox/pay/**")
        for name, value in CARD.items():
            go_to(page, f"#{name}", is_ours=False)
            page.keyboard.insert_text(value)
        page.keyboard.press("Enter")
        page.wait_for_url("**/o/*")
        watch(visitor)


def go_to(page, target, is_ours=True):
    """Presses Tab until the target has the focus, and holds that on the way it could always be seen where
    the focus is."""
    page.wait_for_selector(target)
    look = """([target, isOurs]) => {
        const here = document.activeElement, box = here.getBoundingClientRect();
        if (isOurs && here !== document.body && here.id !== "main") {
            const outline = getComputedStyle(here);
            if (outline.outlineStyle === "none" || parseFloat(outline.outlineWidth) < 2)
                return "no outline at " + here.outerHTML;
            if (box.bottom < 0 || box.top > innerHeight) return "out of sight: " + here.outerHTML;
        }
        return here.matches(target) ? "there" : "";
    }"""
    for _ in range(120):
        seen = page.evaluate(look, [target, is_ours])
        if seen == "there":
            return
        assert not seen, seen
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {target}")
