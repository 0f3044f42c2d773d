"""What the tests share: one browser, the demo it looks at, and people who are signed in already."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

import vitals
from demo import Demo, one_time_codes
from visitor import Visitor, visiting

# What was measured of pages, told at the end.
FOUND = pytest.StashKey()

# Stores live at names under localhost, which every browser takes for this machine; the rule spares Chromium
# the question whether by IPv4 or IPv6.
ARGUMENTS = ["--no-sandbox", "--host-resolver-rules=MAP *.localhost 127.0.0.1"]


def pytest_addoption(parser):
    parser.addoption("--demo", required=True, help="the demo's record, .cartflux/demo.json")
    parser.addoption("--shots", required=True, help="the folder for screenshots")
    parser.addoption("--chromium", default="/usr/bin/chromium", help="the browser")


def pytest_terminal_summary(terminalreporter):
    """The last line is counted by ops/test, in the words of all tests of this house."""
    found = terminalreporter.config.stash.get(FOUND, [])
    for line in vitals.table(found) if found else []:
        terminalreporter.write_line(line)
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, []):
            terminalreporter.write_line(f"{report.nodeid} failed")
    count = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error")}
    terminalreporter.write_line(f"{count['passed']} passed, {count['failed'] + count['error']} failed")


@pytest.fixture(scope="session")
def demo(request):
    return Demo(request.config.getoption("--demo"))


@pytest.fixture(scope="session")
def shots(request):
    folder = Path(request.config.getoption("--shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def measured(request, shots):
    """What was measured of pages; a file beside the pictures has all of it."""
    found = request.config.stash.setdefault(FOUND, [])
    yield found
    vitals.write(found, shots / "vitals.json")


@pytest.fixture(scope="session")
def browser(request):
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=request.config.getoption("--chromium"), args=ARGUMENTS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, demo, shots):
    """visit(**options): a visitor for a `with`."""
    return lambda **options: visiting(browser, demo, shots, **options)


@pytest.fixture(scope="session")
def merchant_state(browser, demo, shots):
    """The demo's merchant, signed in: what their browser keeps."""
    merchant = Visitor(browser, demo, shots)
    merchant.open(demo.dashboard + "/sign-in")
    merchant.fill({"email": demo.merchant["email"], "password": demo.merchant["password"]})
    merchant.send("Sign in")
    merchant.page.wait_for_url("**/stores")
    state = merchant.context.storage_state()
    merchant.close()
    return state


@pytest.fixture(scope="session")
def operator_state(browser, demo, shots):
    """The demo's operator, signed in with a one-time code."""
    operator = Visitor(browser, demo, shots)
    sign_in_operator(operator, demo)
    state = operator.context.storage_state()
    operator.close()
    return state


def sign_in_operator(visitor, demo, role="admin"):
    person = demo.operator(role)
    for code in one_time_codes(person["totp_secret"]):
        visitor.page.goto(demo.console + "/ops/sign-in")
        visitor.fill({"email": person["email"], "password": person["password"], "code": code})
        visitor.send("Sign in")
        if not visitor.page.url.endswith("/ops/sign-in"):
            break
    visitor.complaints = []
    visitor.page.wait_for_url("**/ops")


@pytest.fixture(scope="session")
def sold(demo):
    """An order of the first store and one of the merchant's own, both delivered."""
    return {slug: demo.buy(slug) for slug in ("lumina", demo.merchant["store"])}
