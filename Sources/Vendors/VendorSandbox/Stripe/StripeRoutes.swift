// Every endpoint of the Stripe sandbox: its path, the parameters it knows, the function that serves it.

/// One endpoint.
struct StripeEndpoint: Sendable {
    // Plain `throws` because short closures do not infer a typed one; only a `StripeProblem` comes out.
    typealias Handler = @Sendable (inout StripeWorld, StripeCall) throws -> StripeReply

    /// The top-level parameters it accepts, besides `expand`.
    let params: Set<String>
    let handler: Handler

    init(_ params: Set<String>, _ handler: @escaping Handler) {
        self.params = params
        self.handler = handler
    }
}

typealias StripeRoutes = SandboxRoutes<StripeEndpoint>

extension SandboxRoutes where Handler == StripeEndpoint {
    static let stripe: StripeRoutes = {
        var routes = StripeRoutes()
        routes.addPayments()
        routes.addMoney()
        routes.addAccounts()
        routes.addPeople()
        routes.addPlans()
        routes.addEvents()
        return routes
    }()

    private mutating func addPayments() {
        let intents = "/v1/payment_intents"
        on(
            "POST \(intents)",
            StripeEndpoint(StripeWorld.paymentIntentParams) { try $0.createPaymentIntent($1) })
        list("GET \(intents)", .paymentIntent, ["customer"])
        on(
            "GET \(intents)/search",
            StripeEndpoint(["query", "limit", "page"]) { try $0.search(.paymentIntent, $1) })
        on("GET \(intents)/{id}", StripeEndpoint(["client_secret"]) { try $0.retrievePaymentIntent($1) })
        on(
            "POST \(intents)/{id}",
            StripeEndpoint(StripeWorld.paymentIntentUpdateParams) { try $0.updatePaymentIntent($1) })
        on(
            "POST \(intents)/{id}/confirm",
            StripeEndpoint(StripeWorld.confirmParams) { try $0.confirmPaymentIntent($1) })
        on(
            "POST \(intents)/{id}/cancel",
            StripeEndpoint(["cancellation_reason"]) { try $0.cancelPaymentIntent($1) })
        let capture: Set<String> = [
            "amount_details", "amount_to_capture", "application_fee_amount", "final_capture", "hooks",
            "metadata",
            "payment_details", "statement_descriptor", "statement_descriptor_suffix", "transfer_data",
        ]
        on("POST \(intents)/{id}/capture", StripeEndpoint(capture) { try $0.capturePaymentIntent($1) })

        list("GET /v1/charges", .charge, ["customer", "payment_intent", "transfer_group"])
        retrieve("GET /v1/charges/{id}", .charge)
        let charge: Set<String> = [
            "customer", "description", "fraud_details", "metadata", "receipt_email", "shipping",
            "transfer_group",
        ]
        on("POST /v1/charges/{id}", StripeEndpoint(charge) { try $0.updateCharge($1) })

        on("POST /v1/refunds", StripeEndpoint(StripeWorld.refundParams) { try $0.createRefund($1) })
        list("GET /v1/refunds", .refund, ["charge", "payment_intent"])
        retrieve("GET /v1/refunds/{id}", .refund)
        on("POST /v1/refunds/{id}", StripeEndpoint(["metadata"]) { try $0.updateRefund($1) })

        list("GET /v1/disputes", .dispute, ["charge", "payment_intent"])
        retrieve("GET /v1/disputes/{id}", .dispute)
        on(
            "POST /v1/disputes/{id}",
            StripeEndpoint(["evidence", "metadata", "submit"]) { try $0.updateDispute($1) })
        on("POST /v1/disputes/{id}/close", StripeEndpoint([]) { try $0.acceptDispute($1) })
    }

    private mutating func addMoney() {
        let transfer: Set<String> = [
            "amount", "currency", "description", "destination", "metadata", "source_transaction",
            "source_type",
            "transfer_group",
        ]
        on("POST /v1/transfers", StripeEndpoint(transfer) { try $0.createTransfer($1) })
        list("GET /v1/transfers", .transfer, ["destination", "transfer_group"])
        retrieve("GET /v1/transfers/{id}", .transfer)
        let reversal: Set<String> = ["amount", "description", "metadata", "refund_application_fee"]
        on("POST /v1/transfers/{id}/reversals", StripeEndpoint(reversal) { try $0.createReversal($1) })
        listChildren("GET /v1/transfers/{id}/reversals", .transferReversal, of: "transfer")

        list("GET /v1/application_fees", .applicationFee, ["charge"])
        retrieve("GET /v1/application_fees/{id}", .applicationFee)
        let feeRefund = StripeEndpoint(["amount", "metadata"]) { try $0.createFeeRefund($1) }
        on("POST /v1/application_fees/{id}/refunds", feeRefund)
        listChildren("GET /v1/application_fees/{id}/refunds", .feeRefund, of: "fee")

        list("GET /v1/payouts", .payout, ["status"])
        retrieve("GET /v1/payouts/{id}", .payout)

        on("GET /v1/balance", StripeEndpoint([]) { try $0.retrieveBalance($1) })
        let entries = StripeEndpoint(StripeWorld.pageParams.union(["source", "type", "currency"])) {
            world, call in
            var reply = try world.list(.balanceTransaction, call, fields: ["source", "type", "currency"])
            reply.json["data"] = .array(reply.json["data"].array.map(world.current))
            return reply
        }
        on("GET /v1/balance_transactions", entries)
        let entry = StripeEndpoint([]) { world, call in
            StripeReply(world.current(try world.required(.balanceTransaction, call)))
        }
        on("GET /v1/balance_transactions/{id}", entry)
    }

    private mutating func addAccounts() {
        on("GET /v1/account", StripeEndpoint([]) { try $0.ownAccount($1) })
        on("POST /v1/accounts", StripeEndpoint(StripeWorld.accountParams) { try $0.createAccount($1) })
        list("GET /v1/accounts", .account, [])
        retrieve("GET /v1/accounts/{id}", .account)
        on(
            "POST /v1/accounts/{id}",
            StripeEndpoint(StripeWorld.accountUpdateParams) { try $0.updateAccount($1) })
        on("DELETE /v1/accounts/{id}", StripeEndpoint([]) { try $0.deleteAccount($1) })
        on("POST /v1/accounts/{id}/reject", StripeEndpoint(["reason"]) { try $0.rejectAccount($1) })
        on("POST /v1/accounts/{id}/login_links", StripeEndpoint([]) { try $0.loginLink($1) })
        on(
            "POST /v1/account_links",
            StripeEndpoint(StripeWorld.accountLinkParams) { try $0.createAccountLink($1) })
    }

    private mutating func addPeople() {
        let customer: Set<String> = [
            "address", "balance", "description", "email", "invoice_settings", "metadata", "name",
            "payment_method",
            "phone", "preferred_locales", "shipping", "tax_exempt",
        ]
        on("POST /v1/customers", StripeEndpoint(customer) { try $0.createCustomer($1) })
        list("GET /v1/customers", .customer, ["email"])
        retrieve("GET /v1/customers/{id}", .customer)
        on("POST /v1/customers/{id}", StripeEndpoint(customer) { try $0.updateCustomer($1) })
        let method: Set<String> = [
            "allow_redisplay", "billing_details", "card", "customer", "metadata", "type",
        ]
        on("POST /v1/payment_methods", StripeEndpoint(method) { try $0.createPaymentMethod($1) })
        list("GET /v1/payment_methods", .paymentMethod, ["customer", "type"])
        retrieve("GET /v1/payment_methods/{id}", .paymentMethod)
        on(
            "POST /v1/payment_methods/{id}/attach",
            StripeEndpoint(["customer"]) { try $0.attachPaymentMethod($1) })
    }

    private mutating func addPlans() {
        let product: Set<String> = ["active", "description", "metadata", "name"]
        on("POST /v1/products", StripeEndpoint(product) { try $0.createProduct($1) })
        list("GET /v1/products", .product, [])
        retrieve("GET /v1/products/{id}", .product)
        let price: Set<String> = [
            "active", "currency", "lookup_key", "metadata", "nickname", "product", "product_data",
            "recurring",
            "tax_behavior", "unit_amount",
        ]
        on("POST /v1/prices", StripeEndpoint(price) { try $0.createPrice($1) })
        let prices = StripeEndpoint(StripeWorld.pageParams.union(["active", "lookup_keys", "product"])) {
            world, call in
            let keys = call.form["lookup_keys"]?.texts ?? []
            return try world.list(.price, call, fields: ["product"]) { price in
                keys.isEmpty || keys.contains(price["lookup_key"].string ?? "")
            }
        }
        on("GET /v1/prices", prices)
        retrieve("GET /v1/prices/{id}", .price)

        let plans = StripeWorld.subscriptionParams
        on("POST /v1/subscriptions", StripeEndpoint(plans) { try $0.createSubscription($1) })
        let subscriptions = StripeEndpoint(StripeWorld.pageParams.union(["customer", "price", "status"])) {
            world, call in
            let status = try call.text("status")
            return try world.list(.subscription, call, fields: ["customer"]) { subscription in
                let actual = subscription["status"].string
                return status == nil ? actual != "canceled" : status == "all" || status == actual
            }
        }
        on("GET /v1/subscriptions", subscriptions)
        retrieve("GET /v1/subscriptions/{id}", .subscription)
        on("POST /v1/subscriptions/{id}", StripeEndpoint(plans) { try $0.updateSubscription($1) })
        let cancel: Set<String> = ["cancellation_details", "invoice_now", "prorate"]
        on("DELETE /v1/subscriptions/{id}", StripeEndpoint(cancel) { try $0.cancelSubscription($1) })
        list("GET /v1/invoices", .invoice, ["customer", "status"])
        retrieve("GET /v1/invoices/{id}", .invoice)
        let invoices = "/v1/invoices"
        on("POST \(invoices)", StripeEndpoint(StripeWorld.invoiceParams) { try $0.createInvoice($1) })
        on(
            "POST /v1/invoiceitems",
            StripeEndpoint(StripeWorld.invoiceItemParams) { try $0.createInvoiceItem($1) })
        on("POST \(invoices)/{id}/finalize", StripeEndpoint(["auto_advance"]) { try $0.finalizeInvoice($1) })
        on(
            "POST \(invoices)/{id}/pay",
            StripeEndpoint(["off_session", "payment_method"]) { try $0.payInvoice($1) })
        on("POST \(invoices)/{id}/void", StripeEndpoint([]) { try $0.voidInvoice($1) })

        let sessions = "/v1/checkout/sessions"
        on(
            "POST \(sessions)",
            StripeEndpoint(StripeWorld.checkoutParams) { try $0.createCheckoutSession($1) })
        list("GET \(sessions)", .checkoutSession, ["customer"])
        retrieve("GET \(sessions)/{id}", .checkoutSession)
        on("POST \(sessions)/{id}/expire", StripeEndpoint([]) { try $0.expireCheckoutSession($1) })
    }

    private mutating func addEvents() {
        let endpoints = "/v1/webhook_endpoints"
        on("POST \(endpoints)", StripeEndpoint(StripeWorld.endpointParams) { try $0.createEndpoint($1) })
        list("GET \(endpoints)", .webhookEndpoint, [])
        retrieve("GET \(endpoints)/{id}", .webhookEndpoint)
        let update: Set<String> = ["description", "disabled", "enabled_events", "metadata", "url"]
        on("POST \(endpoints)/{id}", StripeEndpoint(update) { try $0.updateEndpoint($1) })
        on("DELETE \(endpoints)/{id}", StripeEndpoint([]) { try $0.deleteEndpoint($1) })

        let filters = StripeWorld.pageParams.union(["type", "types", "delivery_success"])
        let events = StripeEndpoint(filters) { world, call in
            let types = call.form["types"]?.texts ?? []
            return try world.list(.event, call, fields: ["type"]) { event in
                types.isEmpty || types.contains(event["type"].string ?? "")
            }
        }
        on("GET /v1/events", events)
        retrieve("GET /v1/events/{id}", .event)
    }

    private mutating func list(_ endpoint: String, _ kind: StripeKind, _ fields: [String]) {
        let params = StripeWorld.pageParams.union(fields)
        on(endpoint, StripeEndpoint(params) { try $0.list(kind, $1, fields: fields) })
    }

    private mutating func listChildren(_ endpoint: String, _ kind: StripeKind, of parent: String) {
        let children = StripeEndpoint(StripeWorld.pageParams) { world, call in
            try world.list(kind, call) { $0[parent].string == call.id }
        }
        on(endpoint, children)
    }

    private mutating func retrieve(_ endpoint: String, _ kind: StripeKind) {
        on(
            endpoint,
            StripeEndpoint([]) { world, call in
                StripeReply(try world.required(kind, call))
            })
    }
}
