"""What a page weighs and how it feels, as a browser tells it: on a phone of the middle class with a bad line,
which the browser plays. Weights are those of what a proxy in front sends, which compresses text."""

import gzip
import json

LINE = {
    "offline": False, "latency": 150,
    "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8,
}
SLOWER = 4
KILOBYTE = 1_024

KINDS = {"document": "html", "stylesheet": "css", "script": "js", "image": "images", "font": "fonts"}
TEXTS = ("html", "css", "js")

# In kilobytes.
SHOP = {"html": 30, "css": 10, "js": 10}
PRODUCT = {**SHOP, "all": 300}
DESK = {"css": 12, "js": 15, "all": 60}

# Told beside what was measured. Times are the machine's as well, so no test holds them.
WISHES = {"lcp": 2_000, "cls": 0.05, "inp": 150, "first_byte": 400}

WATCH = """(() => {
    const seen = window.vitals = {lcp: 0, cls: 0, inp: 0};
    const watch = (type, note, more) => new PerformanceObserver(list => list.getEntries().forEach(note))
        .observe({type, buffered: true, ...more});
    watch("largest-contentful-paint", each => { seen.lcp = each.startTime; });
    watch("layout-shift", each => { if (!each.hadRecentInput) seen.cls += each.value; });
    watch("event", each => { if (each.interactionId) seen.inp = Math.max(seen.inp, each.duration); },
        {durationThreshold: 16});
})()"""

# What happened is told after it was painted.
PAINTED = """() => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))"""

FIRST_BYTE = "performance.getEntriesByType('navigation')[0].responseStart"


class SlowPhone:
    """Makes a visitor's browser slow, and looks at pages as somebody who was never there."""

    def __init__(self, visitor):
        self.page = visitor.page
        self.answers = []
        session = visitor.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        self.page.add_init_script(WATCH)
        self.page.on("response", lambda answer: self.answers.append(answer))

    def look(self, name, address, budget):
        """What was found, with a list of the weights that are above the budget."""
        self.answers = []
        answer = self.page.goto(address)
        assert answer.status == 200, f"{address} answered {answer.status}"
        self.page.evaluate(PAINTED)
        # The first touch ends what counts for the largest paint.
        self.page.mouse.click(2, 2)
        self.page.keyboard.press("Tab")
        self.page.evaluate(PAINTED)
        weights = self._weights()
        return {
            "page": name, **self.page.evaluate("window.vitals"),
            "first_byte": self.page.evaluate(FIRST_BYTE), "weights": weights, "budget": budget,
            "above": [
                f"{name}: {kind} {weights.get(kind, 0):.1f} KB, the budget is {most} KB"
                for kind, most in budget.items() if weights.get(kind, 0) > most
            ],
        }

    def _weights(self):
        weights = dict.fromkeys([*KINDS.values(), "all"], 0.0)
        for answer in self.answers:
            kind = KINDS.get(answer.request.resource_type)
            if kind is None or answer.status != 200:
                continue
            body = answer.body()
            size = len(gzip.compress(body, 6) if kind in TEXTS else body) / KILOBYTE
            weights[kind] += size
            weights["all"] += size
        return weights


def table(found):
    """What was measured, a line for each page, below a line of budgets."""
    head = ["", "LCP ms", "CLS", "INP ms", "first byte ms", "HTML KB", "CSS KB", "JS KB", "all KB", "above"]
    wishes = [
        "wished for, at most", f"{WISHES['lcp']}", f"{WISHES['cls']}", f"{WISHES['inp']}",
        f"{WISHES['first_byte']}", "", "", "", "", "",
    ]
    rows = [head, wishes]
    for one in found:
        times = [f"{one['lcp']:.0f}", f"{one['cls']:.3f}", f"{one['inp']:.0f}", f"{one['first_byte']:.0f}"]
        weights = [with_budget(one, kind) for kind in ("html", "css", "js", "all")]
        above = ", ".join(each for each in WISHES if one[each] > WISHES[each])
        rows.append([one["page"], *times, *weights, above])
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if place in (0, len(head) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def with_budget(one, kind):
    most = one["budget"].get(kind)
    return f"{one['weights'][kind]:.1f}" + (f" of {most}" if most else "")


def write(found, place):
    place.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
