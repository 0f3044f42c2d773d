"""The running demo, as its record (.cartflux/demo.json) describes it, and what stands around it: the
vendors' sandboxes with their levers, a mailbox, an authenticator app, and a program that buys over the API,
so that a test which needs an order does not have to click for one."""

import base64
import hashlib
import hmac
import json
import struct
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

CARD = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}
# Far longer than anything takes on a slow machine: what has not happened by then does not happen.
PATIENCE_SECONDS = 60


class Demo:
    def __init__(self, record):
        self.record = json.loads(Path(record).read_text(encoding="utf-8"))
        self.stores = {store["slug"]: store["url"] for store in self.record["stores"]}
        self.dashboard = self.record["dashboard"]["url"]
        self.console = self.record["console"]["url"]
        self.sandboxes = self.record["sandboxes"]
        self.port = self.record["web"]["base"].rsplit(":", 1)[1]

    def store(self, slug):
        """The address of a store, also of one that was opened after the demo began."""
        return self.stores.get(slug) or f"http://{slug}.{self.record['web']['base_domain']}:{self.port}"

    @property
    def merchant(self):
        return self.record["dashboard"]["merchants"][0]

    def operator(self, role):
        return next(each for each in self.record["console"]["operators"] if each["role"] == role)

    def letter(self, address, part):
        """The link in the newest letter to somebody that contains `part`, as soon as it is there."""

        def find():
            held = self.call(self.sandboxes["resend"] + "/_sandbox/objects/emails")["objects"]
            for letter in reversed(held):
                if address in letter["to"]:
                    links = [word for word in letter["text"].split() if part in word]
                    if links:
                        return links[0]
            return None

        return wait_for(f"a letter to {address} with {part}", find)

    def fault(self, vendor, endpoint, **kind):
        self.call(self.sandboxes[vendor] + "/_sandbox/faults", {"endpoint": endpoint, **kind})

    def end_faults(self, vendor):
        self.call(self.sandboxes[vendor] + "/_sandbox/faults", method="DELETE")

    def buy(self, slug, first_name="Ana", until=lambda order: order.get("fulfilment_status") == "delivered"):
        """Buys the first product of a store over the API and returns the order once it is as asked."""
        shop = Shop(self, slug)
        order = shop.check_out(first_name)
        payable = shop.order(order["token"], lambda read: read.get("payment"))
        shop.pay(payable["payment"])
        done = shop.order(order["token"], until)
        return {**done, "token": order["token"], "page": order["page"]}

    @staticmethod
    def call(address, body=None, method=None, headers=None, host=None):
        """A request of a program. Names of stores are resolved by browsers alone, hence `host`."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data=data, method=method, headers=headers or {})
        request.add_header("Content-Type", "application/json")
        if host:
            request.add_header("Host", host)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class Shop:
    """One store's API, and the card page of its orders."""

    def __init__(self, demo, slug):
        self.demo = demo
        self.base = demo.record["web"]["base"] + "/api/v1"
        self.host = urllib.parse.urlsplit(demo.store(slug)).netloc

    def check_out(self, first_name):
        product = next(each for each in self._get("/products")["products"] if each["available"] > 0)
        cart = self._post("/carts", {"lines": [{"product": product["id"], "quantity": 1}]})
        quote = self._post("/quotes", {"cart": cart["token"]})
        address = {
            "first_name": first_name, "last_name": "Exemplu", "line": "Str. Exemplu 10",
            "city": "Cluj-Napoca", "county": "Cluj", "postcode": "400001", "country": "RO",
        }
        body = {
            "quote": quote["id"], "total": quote["total"], "cart": cart["token"], "language": "en",
            "email": "delivered@resend.dev", "phone": "+40721000001", "address": address,
        }
        return self._post("/checkouts", body, {"Idempotency-Key": str(uuid.uuid4())})

    def pay(self, payment):
        form = {
            "client_secret": payment["client_secret"], "return_url": self.demo.record["web"]["base"],
            "number": CARD["number"], "exp_month": "12", "exp_year": "2034", "cvc": CARD["cvc"],
        }
        page = f"{self.demo.sandboxes['stripe']}/_sandbox/pay/{payment['payment_intent']}"
        # Where the page sends the browser next is the shop, which a program does not follow.
        opener = urllib.request.build_opener(StayHere)
        opener.open(page, urllib.parse.urlencode(form).encode(), timeout=PATIENCE_SECONDS).close()

    def order(self, token, is_as_asked):
        def find():
            order = self._get(f"/orders/{token}")
            return order if is_as_asked(order) else None

        return wait_for(f"order {token} of {self.host}", find)

    def _get(self, path):
        return self.demo.call(self.base + path, host=self.host)

    def _post(self, path, body, headers=None):
        return self.demo.call(self.base + path, body, headers=headers, host=self.host)


class StayHere(urllib.request.HTTPRedirectHandler):
    def http_error_303(self, request, answer, code, message, headers):
        return answer

    http_error_302 = http_error_303


def wait_for(what, find):
    """Asks until there is an answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = find()
        if found is not None:
            return found
        # Between two questions to a server in another process, which has nothing to await.
        time.sleep(0.1)
    raise AssertionError(f"gave up waiting for {what}")


def one_time_codes(secret):
    """The codes of an authenticator app, this step's first. Each is accepted once, and the next step's is
    good already, so somebody who signs in twice in a row has one left."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(time.time()) // 30
    for counter in (step, step + 1):
        digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
        start = digest[-1] & 15
        number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
        yield f"{number % 1_000_000:06d}"
