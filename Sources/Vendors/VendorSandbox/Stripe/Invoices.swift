// Invoices that a platform makes itself: drafted, given items, finalised, paid by the customer's default
// card. Paying may be asked for again until it succeeds; each attempt is a payment of its own. An item always
// names its invoice here: items that wait for the next invoice are not needed.

extension StripeWorld {
    static let invoiceParams: Set<String> = [
        "auto_advance", "collection_method", "currency", "customer", "description", "footer", "metadata",
        "pending_invoice_items_behavior", "days_until_due", "statement_descriptor",
    ]
    static let invoiceItemParams: Set<String> = [
        "amount", "currency", "customer", "description", "invoice", "metadata",
    ]

    mutating func createInvoice(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let customer = try call.requiredText("customer")
        guard find(.customer, customer, owner: call.owner) != nil else {
            throw .noSuch("customer", customer, param: "customer", status: 400)
        }
        let currency = try call.currency() ?? "eur"
        let id = newID("in")
        let advances = try call.bool("auto_advance") ?? false
        insert(
            .invoice,
            [
                "id": .string(id), "object": "invoice", "amount_due": 0, "amount_paid": 0,
                "amount_remaining": 0, "attempt_count": 0, "attempted": false,
                "auto_advance": .bool(advances), "collection_method": "charge_automatically",
                "created": .integer(now), "currency": .string(currency), "customer": .string(customer),
                "description": JSON(try call.text("description")),
                "hosted_invoice_url": .string("\(call.origin)/_sandbox/invoice/\(id)"),
                "lines": Self.list([], hasMore: false, url: "/v1/invoices/\(id)/lines"), "livemode": false,
                "metadata": try call.metadata(), "number": nil, "parent": nil, "status": "draft",
                "total": 0,
            ], owner: call.owner)
        emit("invoice.created", self[.invoice, id], owner: call.owner)
        return StripeReply(self[.invoice, id], did: "stripe_invoice.create")
    }

    mutating func createInvoiceItem(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let invoice = try call.requiredText("invoice")
        guard let known = find(.invoice, invoice, owner: call.owner) else {
            throw .noSuch("invoice", invoice, param: "invoice", status: 400)
        }
        guard known["status"] == "draft" else {
            throw .state(
                "invoice_not_editable", "The invoice \(invoice) is finalized and can't be edited.")
        }
        guard let amount = try call.integer("amount") else { throw .missing("amount") }
        let currency = try call.currency() ?? known["currency"].string ?? "eur"
        guard currency == known["currency"].string else {
            throw .invalid("currency", "The currency must be that of the invoice.")
        }
        let item: JSON = [
            "id": .string(newID("ii", length: 14)), "object": "invoiceitem", "amount": .integer(amount),
            "currency": .string(currency), "customer": known["customer"], "date": .integer(now),
            "description": JSON(try call.text("description")), "invoice": .string(invoice),
            "livemode": false, "metadata": try call.metadata(),
        ]
        let total = (known["total"].integer ?? 0) + amount
        self[.invoice, invoice]["lines"] = Self.list(known["lines"], adding: item)
        for member in ["total", "amount_due", "amount_remaining"] {
            self[.invoice, invoice][member] = .integer(total)
        }
        return StripeReply(item, did: "stripe_invoice_item.create")
    }

    mutating func finalizeInvoice(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let invoice = try required(.invoice, call)
        guard invoice["status"] == "draft" else {
            throw .state(
                "invoice_already_finalized", "This invoice is already finalized, you can't re-finalize it.")
        }
        self[.invoice, call.id]["status"] = "open"
        self[.invoice, call.id]["number"] = .string("SBX-\(all(.invoice).count)")
        emit("invoice.finalized", self[.invoice, call.id], owner: call.owner)
        return StripeReply(self[.invoice, call.id], did: "stripe_invoice.finalize")
    }

    mutating func payInvoice(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let invoice = try required(.invoice, call)
        guard invoice["status"] == "open" else {
            throw .state(
                invoice["status"] == "paid" ? "invoice_already_paid" : "invoice_not_open",
                "Invoice is \(invoice["status"].string ?? "") and can't be paid.")
        }
        let customer = self[.customer, invoice["customer"].string ?? ""]
        let method =
            try call.text("payment_method") ?? customer["invoice_settings"]["default_payment_method"].string
        guard let method, cards[method] != nil else {
            throw .state(
                "invoice_payment_intent_requires_action",
                "There is no `default_payment_method` set on this Customer or Invoice.")
        }
        let payer: JSON = [
            "currency": invoice["currency"], "customer": invoice["customer"],
            "default_payment_method": .string(method),
        ]
        let amount = invoice["amount_due"].integer ?? 0
        let isPaid = amount == 0 || charge(payer, amount: amount, owner: call.owner)
        self[.invoice, call.id]["attempt_count"] = .integer((invoice["attempt_count"].integer ?? 0) + 1)
        self[.invoice, call.id]["attempted"] = true
        guard isPaid else {
            emit("invoice.payment_failed", self[.invoice, call.id], owner: call.owner)
            var declined = StripeProblem(402, kind: .card, code: "card_declined", "Your card was declined.")
            declined.isKept = true
            declined.effect = SandboxEffect("stripe_invoice.decline", on: call.id)
            throw declined
        }
        settleInvoice(call.id, amount, owner: call.owner)
        return StripeReply(self[.invoice, call.id], did: "stripe_invoice.pay")
    }

    /// Pays an open invoice with a card that was typed on its hosted page. Throws when the card is not good.
    mutating func payInvoice(_ id: String, with card: TestCard) throws(StripeProblem) {
        let (invoice, owner) = (self[.invoice, id], owner(.invoice, id))
        guard invoice["status"] == "open" else {
            throw .state("invoice_not_open", "This invoice is not open any more.")
        }
        if case .declined(let decline) = card.outcome {
            throw StripeProblem(402, kind: .card, code: decline.code, decline.message)
        }
        let payer: JSON = [
            "currency": invoice["currency"], "customer": invoice["customer"],
            "default_payment_method": .string(makePaymentMethod(card, owner: owner)),
        ]
        let amount = invoice["amount_due"].integer ?? 0
        guard amount == 0 || charge(payer, amount: amount, owner: owner) else {
            throw StripeProblem(402, kind: .card, code: "card_declined", "Your card was declined.")
        }
        settleInvoice(id, amount, owner: owner)
    }

    private mutating func settleInvoice(_ id: String, _ amount: Int64, owner: String) {
        self[.invoice, id]["status"] = "paid"
        self[.invoice, id]["amount_paid"] = .integer(amount)
        self[.invoice, id]["amount_remaining"] = 0
        emit("invoice.paid", self[.invoice, id], owner: owner)
    }

    mutating func voidInvoice(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let invoice = try required(.invoice, call)
        guard invoice["status"] == "open" else {
            throw .state("invoice_not_open", "You can only pass in open invoices.")
        }
        self[.invoice, call.id]["status"] = "void"
        emit("invoice.voided", self[.invoice, call.id], owner: call.owner)
        return StripeReply(self[.invoice, call.id], did: "stripe_invoice.void")
    }
}
