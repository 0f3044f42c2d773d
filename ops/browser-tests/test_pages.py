"""Every page of every face: axe finds nothing in either theme, nothing scrolls sideways at 400 %, and the
browser has nothing to complain of."""

import pytest

from inspection import Walk
from shopping import choose

LANGUAGES = ["en", "ro", "de", "es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_shop(language, visit, demo, sold):
    shop = f"{demo.store('lumina')}/{language}"
    others = [f"/{each}(/|$)" for each in LANGUAGES if each != language]
    order = f"{shop}/o/{sold['lumina']['token']}"
    with visit() as visitor:
        choose(visitor, shop)
        walk = Walk(visitor, f"shop-{language}", avoid=[*others, "/preview/"])
        walk.go(
            f"{shop}/",
            also=[
                f"{shop}/search?q=lamp", f"{shop}/search?q=nothing-like-it", f"{shop}/checkout",
                order, f"{order}/withdraw", f"{order}/problem", f"{order}/address",
            ],
        )


def test_every_page_for_merchants(visit, demo, merchant_state, sold):
    with visit(storage_state=merchant_state) as visitor:
        Walk(visitor, "merchant").go(f"{demo.dashboard}/stores", also=[f"{demo.dashboard}/stores/new"])


def test_the_pages_before_signing_in(visit, demo):
    with visit() as visitor:
        also = [f"{demo.dashboard}{path}" for path in ("/sign-up", "/forgotten")]
        Walk(visitor, "door").go(f"{demo.dashboard}/sign-in", also=also)
        Walk(visitor, "console-door").go(f"{demo.console}/ops/sign-in")


def test_every_page_for_operators(visit, demo, operator_state, sold):
    with visit(storage_state=operator_state) as visitor:
        Walk(visitor, "console").go(f"{demo.console}/ops")
