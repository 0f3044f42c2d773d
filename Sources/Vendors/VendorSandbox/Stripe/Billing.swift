// The platform's own plans: products, prices, subscriptions and their invoices. Only what a monthly plan
// needs: one card, one currency, quantities, renewal when the clock passes the period's end. Each invoice is
// paid by a payment intent like any other, so its money is in the ledger too.

extension StripeWorld {
    static let subscriptionParams: Set<String> = [
        "cancel_at_period_end", "customer", "default_payment_method", "description", "items", "metadata",
        "off_session", "payment_behavior", "proration_behavior", "trial_period_days",
    ]
    /// A month as the sandbox counts it.
    private static let month: Int64 = 30 * 86_400

    mutating func createProduct(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let product: JSON = [
            "id": .string(newID("prod", length: 14)), "object": "product", "active": true,
            "created": .integer(now), "description": JSON(try call.text("description")), "livemode": false,
            "metadata": try call.metadata(), "name": .string(try call.requiredText("name")),
        ]
        insert(.product, product, owner: call.owner)
        return StripeReply(product, did: "product.create")
    }

    mutating func createPrice(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard let currency = try call.currency() else { throw .missing("currency") }
        guard let amount = try call.integer("unit_amount"), amount >= 0 else {
            throw .missing("unit_amount")
        }
        let product = try product(of: call)
        let interval = try call.text("recurring", "interval")
        let price: JSON = [
            "id": .string(newID("price")), "object": "price", "active": true, "billing_scheme": "per_unit",
            "created": .integer(now), "currency": .string(currency), "livemode": false,
            "lookup_key": JSON(try call.text("lookup_key")), "metadata": try call.metadata(),
            "product": .string(product),
            "recurring": interval.map {
                ["interval": .string($0), "interval_count": 1, "usage_type": "licensed"]
            } ?? nil,
            "type": interval == nil ? "one_time" : "recurring", "unit_amount": .integer(amount),
        ]
        insert(.price, price, owner: call.owner)
        return StripeReply(price, did: "price.create")
    }

    mutating func createSubscription(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let customer = try call.requiredText("customer")
        guard let known = find(.customer, customer, owner: call.owner) else {
            throw .noSuch("customer", customer, param: "customer", status: 400)
        }
        let items = try subscriptionItems(call)
        guard !items.isEmpty else { throw .missing("items") }
        let method =
            try call.text("default_payment_method")
            ?? known["invoice_settings"]["default_payment_method"].string
        guard let method, cards[method] != nil else {
            throw .state(
                "resource_missing",
                "This customer has no attached payment source or default payment method. Please consider "
                    + "adding a default payment method.")
        }
        let id = try startSubscription(
            customer: customer, items: items, method: method, metadata: call.metadata(), owner: call.owner)
        return StripeReply(self[.subscription, id], did: "subscription.create")
    }

    /// Stores a subscription, bills its first period and tells the world. Returns its id.
    mutating func startSubscription(
        customer: String, items: [JSON], method: String, metadata: JSON, owner: String
    ) -> String {
        let id = newID("sub")
        let currency = items.first?["price"]["currency"] ?? nil
        let lines = items.map { item -> JSON in
            var item = item
            item["subscription"] = .string(id)
            return item
        }
        var list = Self.list(lines, hasMore: false, url: "/v1/subscription_items?subscription=\(id)")
        list["total_count"] = .integer(Int64(lines.count))
        insert(
            .subscription,
            [
                "id": .string(id), "object": "subscription", "application": nil,
                "automatic_tax": ["enabled": false], "billing_cycle_anchor": .integer(now),
                "billing_mode": ["flexible": nil, "type": "flexible"], "cancel_at": nil,
                "cancel_at_period_end": false, "canceled_at": nil,
                "collection_method": "charge_automatically", "created": .integer(now), "currency": currency,
                "customer": .string(customer), "default_payment_method": .string(method), "discounts": [],
                "ended_at": nil, "items": list, "latest_invoice": nil, "livemode": false,
                "metadata": metadata, "on_behalf_of": nil, "pause_collection": nil, "pending_update": nil,
                "schedule": nil, "start_date": .integer(now), "status": "incomplete", "transfer_data": nil,
                "trial_end": nil, "trial_start": nil,
            ], owner: owner)
        let isPaid = bill(id)
        self[.subscription, id]["status"] = isPaid ? "active" : "incomplete"
        emit("customer.subscription.created", self[.subscription, id], owner: owner)
        return id
    }

    mutating func updateSubscription(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let before = try required(.subscription, call)
        guard before["status"].string != "canceled" else {
            throw .state("resource_missing", "No such subscription: '\(call.id)'", param: "id")
        }
        let items = try subscriptionItems(call)
        var subscription = before
        subscription["metadata"] = try call.metadata(onto: before["metadata"])
        if let ends = try call.bool("cancel_at_period_end") {
            subscription["cancel_at_period_end"] = .bool(ends)
            subscription["cancel_at"] = ends ? before["items"]["data"][0]["current_period_end"] : nil
            subscription["canceled_at"] = ends ? .integer(now) : nil
        }
        if let method = try call.text("default_payment_method"), cards[method] != nil {
            subscription["default_payment_method"] = .string(method)
        }
        if let item = items.first {
            var changed = before["items"]["data"][0]
            changed["price"] = item["price"]
            changed["quantity"] = item["quantity"]
            subscription["items"]["data"] = .array([changed])
        }
        self[.subscription, call.id] = subscription
        emitSubscription(call.id, before: before)
        return StripeReply(subscription, did: "subscription.update")
    }

    mutating func cancelSubscription(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        // As at Stripe, one that was cancelled is gone for whoever cancels it again.
        guard try required(.subscription, call)["status"].string != "canceled" else {
            throw .noSuch("subscription", call.id, param: "id", status: 404)
        }
        end(call.id)
        return StripeReply(self[.subscription, call.id], did: "subscription.cancel")
    }

    /// Renews or ends the subscriptions whose period is over.
    mutating func renewSubscriptions() {
        for subscription in all(.subscription) {
            guard let id = subscription["id"].string,
                ["active", "past_due"].contains(subscription["status"].string)
            else { continue }
            while let end = self[.subscription, id]["items"]["data"][0]["current_period_end"].integer,
                end <= now,
                ["active", "past_due"].contains(self[.subscription, id]["status"].string)
            {
                renew(id, from: end)
            }
        }
    }

    private mutating func renew(_ id: String, from start: Int64) {
        let before = self[.subscription, id]
        if before["cancel_at_period_end"] == true { return end(id) }
        let items = before["items"]["data"].array.map { item -> JSON in
            var item = item
            item["current_period_start"] = .integer(start)
            item["current_period_end"] = .integer(start + Self.month)
            return item
        }
        self[.subscription, id]["items"]["data"] = .array(items)
        self[.subscription, id]["status"] = bill(id) ? "active" : "past_due"
        emitSubscription(id, before: before)
    }

    private mutating func end(_ id: String) {
        self[.subscription, id]["status"] = "canceled"
        self[.subscription, id]["canceled_at"] = .integer(now)
        self[.subscription, id]["ended_at"] = .integer(now)
        emit("customer.subscription.deleted", self[.subscription, id], owner: owner(.subscription, id))
    }

    private mutating func emitSubscription(_ id: String, before: JSON) {
        let previous = Self.previous(before, self[.subscription, id])
        guard !previous.object.isEmpty else { return }
        let owner = owner(.subscription, id)
        emit("customer.subscription.updated", self[.subscription, id], owner: owner, previous: previous)
    }

    /// Makes an invoice for the current period and pays it by card. False when the card does not pay.
    private mutating func bill(_ id: String) -> Bool {
        let subscription = self[.subscription, id]
        let owner = owner(.subscription, id)
        let amount = subscription["items"]["data"].array.reduce(0) { sum, item in
            sum + (item["price"]["unit_amount"].integer ?? 0) * (item["quantity"].integer ?? 1)
        }
        let invoice = newID("in")
        insert(.invoice, blankInvoice(invoice, subscription, amount: amount), owner: owner)
        self[.subscription, id]["latest_invoice"] = .string(invoice)
        emit("invoice.finalized", self[.invoice, invoice], owner: owner)
        let isPaid = amount == 0 || charge(subscription, amount: amount, owner: owner)
        if isPaid {
            self[.invoice, invoice]["status"] = "paid"
            self[.invoice, invoice]["amount_paid"] = .integer(amount)
            self[.invoice, invoice]["amount_remaining"] = 0
        }
        emit(isPaid ? "invoice.paid" : "invoice.payment_failed", self[.invoice, invoice], owner: owner)
        return isPaid
    }

    /// Charges the default card of a subscription, or of whatever names one like it.
    mutating func charge(_ subscription: JSON, amount: Int64, owner: String) -> Bool {
        let intent = newID("pi")
        var json = Self.blankPaymentIntent(
            id: intent, amount: amount, currency: subscription["currency"].string ?? "eur", now: now)
        json["client_secret"] = .string("\(intent)_secret_\(newID("x", length: 25).dropFirst(2))")
        json["customer"] = subscription["customer"]
        json["payment_method"] = subscription["default_payment_method"]
        json["status"] = "requires_confirmation"
        insert(.paymentIntent, json, owner: owner)
        emit("payment_intent.created", json, owner: owner)
        var options = ConfirmOptions(origin: "")
        options.isOffSession = true
        do throws(StripeProblem) {
            try confirm(intent, options)
            return true
        } catch {
            // The decline is on the intent; the invoice stays open and says so.
            return false
        }
    }

    private func subscriptionItems(_ call: StripeCall) throws(StripeProblem) -> [JSON] {
        try lineItems(call, "items")
    }

    /// The items of a subscription in a parameter such as `items` or `line_items`.
    func lineItems(_ call: StripeCall, _ param: String) throws(StripeProblem) -> [JSON] {
        var items: [JSON] = []
        for (position, item) in (call.form[param]?.elements ?? []).enumerated() {
            guard let id = item["price"]?.text, let price = find(.price, id, owner: call.owner) else {
                throw .noSuch(
                    "price", item["price"]?.text ?? "", param: "\(param)[\(position)][price]", status: 400)
            }
            items.append([
                "id": .string(newID("si", length: 14)), "object": "subscription_item",
                "created": .integer(now),
                "current_period_end": .integer(now + Self.month), "current_period_start": .integer(now),
                "discounts": [], "metadata": [:], "price": price,
                "quantity": .integer(item["quantity"]?.text.flatMap { Int64($0) } ?? 1),
            ])
        }
        return items
    }

    private mutating func product(of call: StripeCall) throws(StripeProblem) -> String {
        if let id = try call.text("product") {
            guard find(.product, id, owner: call.owner) != nil else {
                throw .noSuch("product", id, param: "product", status: 400)
            }
            return id
        }
        guard let name = try call.text("product_data", "name") else { throw .missing("product") }
        let id = newID("prod", length: 14)
        let product: JSON = [
            "id": .string(id), "object": "product", "active": true, "created": .integer(now),
            "livemode": false, "metadata": [:], "name": .string(name),
        ]
        insert(.product, product, owner: call.owner)
        return id
    }

    private func blankInvoice(_ id: String, _ subscription: JSON, amount: Int64) -> JSON {
        let parent: JSON = [
            "subscription_details": [
                "metadata": subscription["metadata"], "subscription": subscription["id"],
            ],
            "type": "subscription_details",
        ]
        return [
            "id": .string(id), "object": "invoice", "amount_due": .integer(amount), "amount_paid": 0,
            "amount_remaining": .integer(amount), "attempt_count": 1, "attempted": true,
            "collection_method": "charge_automatically", "created": .integer(now),
            "currency": subscription["currency"], "customer": subscription["customer"],
            "lines": Self.list([], hasMore: false, url: "/v1/invoices/\(id)/lines"), "livemode": false,
            "metadata": [:], "parent": parent, "status": "open", "total": .integer(amount),
        ]
    }
}
