"""A person with a browser of their own. While they click, the browser is listened to: an error in its
console, a request to another host, a picture or script that did not come. None of these shows on the page,
and each fails the test that met it."""

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import expect

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}


class Visitor:
    def __init__(self, browser, demo, shots, size=None, **options):
        self.demo = demo
        self.shots = shots
        self.context = browser.new_context(viewport=size or DESK, **options)
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._complain(f"script failed: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def open(self, address):
        """Opens a page, which answers 200 and complains of nothing."""
        answer = self.page.goto(address)
        assert answer.status == 200, f"{address} answered {answer.status}"
        self.assert_calm()
        return self.page

    def picture(self, name):
        self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def see(self, text, **options):
        """Waits until the page says this."""
        expect(self.page.get_by_text(text, **options).first).to_be_visible()

    def fill(self, values, within="main"):
        for name, value in values.items():
            field = self.page.locator(f"{within} [name='{name}']")
            if field.evaluate("each => each.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def send(self, button=None):
        """Presses the one button of the main part, or the one that is called so."""
        main = self.page.locator("main")
        found = main.get_by_role("button", name=button) if button else main.locator("form button")
        found.click()

    def assert_calm(self):
        complaints, self.complaints = self.complaints, []
        assert not complaints, f"{self.page.url}: " + "; ".join(complaints)

    def close(self):
        self.context.close()

    # What the browser tells.

    def _complain(self, text):
        self.complaints.append(text)

    def _console(self, message):
        # The vendor's own pages are not ours to judge; a page that says no is told by its status.
        if message.type == "error" and not self._is_vendor(message.location.get("url", "")):
            if "status of 4" not in message.text:
                self._complain(f"console: {message.text}")

    def _dialog(self, dialog):
        self._complain(f"a script asked: {dialog.message}")
        dialog.dismiss()

    def _request(self, request):
        if request.is_navigation_request() or not request.url.startswith("http"):
            return
        here, there = urlsplit(request.frame.url).netloc, urlsplit(request.url).netloc
        if here != there and not self._is_vendor(request.frame.url):
            self._complain(f"asked another host: {request.url}")

    def _response(self, response):
        if response.status < 400 or response.request.is_navigation_request():
            return
        if not self._is_vendor(response.url):
            self._complain(f"{response.url} answered {response.status}")

    def _is_vendor(self, address):
        return any(address.startswith(base) for base in self.demo.sandboxes.values())


@contextmanager
def visiting(browser, demo, shots, **options):
    """A visitor who leaves at the end, and had nothing to complain of."""
    visitor = Visitor(browser, demo, shots, **options)
    try:
        yield visitor
        visitor.assert_calm()
    except BaseException:
        # What it looked like when it went wrong.
        visitor.picture("failed-" + re.sub(r"\W+", "-", visitor.page.title())[:60])
        raise
    finally:
        visitor.close()
