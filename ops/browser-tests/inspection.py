"""What must hold for every page of a site, and the walk that finds them: from the site's first page along its
own links, one page of each kind, so that a page that somebody adds is looked at without being listed here."""

import re
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": TAGS, "resultTypes": ["violations"]}
# A window of 1280 pixels at 400 %.
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 800}
# Ids, numbers, tokens and the like: pages that differ in these alone are of one kind.
NAMES = re.compile(
    r"/[0-9a-f]{8}-[0-9a-f-]{27}|/\d+|/[A-Za-z]+_[A-Za-z0-9]{8,}|/[A-Za-z0-9_-]{20,}|(?<=/[pc])/[a-z0-9-]+"
    r"|(?<=/schedules)/[^/]+|(?<=/o)/[^/]+"
)
PAGE_LIMIT = 80


class Walk:
    """Opens one page of each kind that can be reached from the first."""

    def __init__(self, visitor, name, avoid=()):
        self.visitor = visitor
        self.name = name
        self.avoid = [re.compile(each) for each in avoid]
        self.seen = {}
        self.findings = []

    def go(self, first, also=()):
        """Starts at `first`; `also` are pages that no link leads to."""
        waiting = [first, *also]
        while waiting:
            address = waiting.pop(0)
            kind = self.kind(address)
            if kind in self.seen:
                continue
            assert len(self.seen) < PAGE_LIMIT, f"{self.name} has more than {PAGE_LIMIT} kinds of pages"
            self.seen[kind] = address
            if self._open(address):
                waiting += [link for link in self._links() if self.kind(link) not in self.seen]
                self._inspect(kind)
        assert not self.findings, "\n".join([f"{len(self.findings)} findings", *self.findings])

    @staticmethod
    def kind(address):
        parts = urlsplit(address)
        tab = re.search(r"(?:^|&)(tab=\w+)", parts.query)
        return NAMES.sub("/*", parts.path) + (f"?{tab.group(1)}" if tab else "")

    def _open(self, address):
        page = self.visitor.page
        page.set_viewport_size(NARROW)
        try:
            answer = page.goto(address)
        except Error as error:
            # A file to be kept is no page.
            if "Download is starting" in str(error):
                return False
            raise
        if urlsplit(page.url).netloc != urlsplit(address).netloc:
            return False
        if answer.status != 200:
            self.findings.append(f"{address} answered {answer.status}")
        self.findings += [f"{address}: {each}" for each in self.visitor.complaints]
        self.visitor.complaints = []
        return "text/html" in answer.headers.get("content-type", "")

    def _links(self):
        page = self.visitor.page
        here = urlsplit(page.url).netloc
        hrefs = page.eval_on_selector_all("a[href]", "all => all.map(each => each.getAttribute('href'))")
        links = [urljoin(page.url, each.split("#")[0]) for each in hrefs if not each.startswith("#")]
        return [
            link for link in dict.fromkeys(links)
            if urlsplit(link).netloc == here and not any(each.search(link) for each in self.avoid)
        ]

    def _inspect(self, kind):
        """Each theme once, and each width once: what a page lacks does not depend on both together."""
        page = self.visitor.page
        self.findings += axe_findings(page, f"{kind} (narrow and light)", is_first=True)
        self._assert_fits(kind, NARROW)
        self.visitor.picture(self._picture(kind, "narrow"))
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="dark")
        self.findings += axe_findings(page, f"{kind} (wide and dark)", is_first=False)
        self._assert_fits(kind, WIDE)
        self.visitor.picture(self._picture(kind, "wide"))
        page.emulate_media(color_scheme="light")

    def _picture(self, kind, width):
        return re.sub(r"[^\w-]+", "-", f"{self.name}{kind}-{width}")

    def _assert_fits(self, kind, size):
        reach = self.visitor.page.evaluate("document.documentElement.scrollWidth")
        if reach > size["width"]:
            self.findings.append(f"{kind}: scrolls sideways at {size['width']} px, reaches {reach}")


def axe_findings(page, where, is_first):
    """What axe has against the page as it is now. Its script stays in the page once it was brought there."""
    findings = []
    axe = Axe() if is_first else Axe(axe_script="0")
    for violation in axe.run(page, options=OPTIONS).response["violations"]:
        for node in violation["nodes"][:3]:
            reasons = [each["message"] for each in node["any"] + node["all"] + node["none"]][:2]
            findings.append(
                f"{where}: {violation['id']} at {' '.join(map(str, node['target']))}: "
                f"{node['html'][:160]} {'; '.join(reasons)}"
            )
    return findings
