import Commerce
import VendorHTTP

// Customers, subscriptions and invoices. Everything that is made carries metadata of ours, by which it is
// found again when Stripe may have forgotten the key.

extension StripeClient {
    package func createCustomer(
        email: EmailAddress, name: String, metadata: [String: String], key: String
    ) async throws(StripeFailure) -> StripeCustomer {
        var fields = FormFields()
        fields.add("email", email.rawValue)
        fields.add("name", name)
        fields.add(nested: "metadata", metadata)
        return try await post("/v1/customers", fields, key: key, as: StripeCustomer.init)
    }

    package func customer(_ id: StripeCustomer.ID) async throws(StripeFailure) -> StripeCustomer {
        try await get("/v1/customers/\(id)", as: StripeCustomer.init)
    }

    /// The customers with an address, newest first; compare their metadata to find one of ours.
    package func customers(with email: EmailAddress) async throws(StripeFailure) -> [StripeCustomer] {
        try await list("/v1/customers", ["email": email.rawValue], as: StripeCustomer.init)
    }

    /// The price with a name of ours.
    package func price(named lookupKey: String) async throws(StripeFailure) -> StripePrice? {
        var query = FormFields()
        query.add(list: "lookup_keys", [lookupKey])
        return try await list("/v1/prices", query, as: StripePrice.init).first
    }

    /// Makes a monthly price with a name of ours.
    package func createPrice(
        named lookupKey: String, product: String, amount: Money, key: String
    ) async throws(StripeFailure) -> StripePrice {
        var fields = FormFields()
        fields.add("currency", amount.currency.rawValue.lowercased())
        fields.add("unit_amount", amount.minorUnits)
        fields.add("recurring[interval]", "month")
        fields.add("lookup_key", lookupKey)
        fields.add("product_data[name]", product)
        return try await post("/v1/prices", fields, key: key, as: StripePrice.init)
    }

    /// Opens a page on which a customer subscribes with a card.
    package func createCheckout(
        customer: StripeCustomer.ID, price: StripeID<StripePrice>, metadata: [String: String],
        returningTo page: String, key: String
    ) async throws(StripeFailure) -> StripeCheckout {
        var fields = FormFields()
        fields.add("mode", "subscription")
        fields.add("customer", customer.rawValue)
        fields.add("line_items[0][price]", price.rawValue)
        fields.add("line_items[0][quantity]", 1)
        fields.add("success_url", page)
        fields.add("cancel_url", page)
        fields.add(nested: "metadata", metadata)
        fields.add(nested: "subscription_data[metadata]", metadata)
        return try await post("/v1/checkout/sessions", fields, key: key, as: StripeCheckout.init)
    }

    package func createSubscription(
        customer: StripeCustomer.ID, price: StripeID<StripePrice>, metadata: [String: String], key: String
    ) async throws(StripeFailure) -> StripeSubscription {
        var fields = FormFields()
        fields.add("customer", customer.rawValue)
        fields.add("items[0][price]", price.rawValue)
        fields.add("off_session", true)
        fields.add(nested: "metadata", metadata)
        return try await post("/v1/subscriptions", fields, key: key, as: StripeSubscription.init)
    }

    package func subscription(
        _ id: StripeID<StripeSubscription>
    ) async throws(StripeFailure) -> StripeSubscription {
        try await get("/v1/subscriptions/\(id)", as: StripeSubscription.init)
    }

    /// The subscriptions of a customer that have not ended, newest first.
    package func subscriptions(
        of customer: StripeCustomer.ID
    ) async throws(StripeFailure) -> [StripeSubscription] {
        try await list("/v1/subscriptions", ["customer": customer.rawValue], as: StripeSubscription.init)
    }

    /// Moves a subscription to another price. What that costs is not Stripe's to work out.
    package func changePrice(
        of subscription: StripeSubscription, to price: StripeID<StripePrice>, key: String
    ) async throws(StripeFailure) -> StripeSubscription {
        var fields = FormFields()
        fields.add("items[0][id]", subscription.itemID)
        fields.add("items[0][price]", price.rawValue)
        fields.add("proration_behavior", "none")
        return try await post(
            "/v1/subscriptions/\(subscription.id)", fields, key: key, as: StripeSubscription.init)
    }

    package func cancelSubscription(
        _ id: StripeID<StripeSubscription>
    ) async throws(StripeFailure) -> StripeSubscription {
        try await delete("/v1/subscriptions/\(id)", as: StripeSubscription.init)
    }

    /// Drafts an invoice. Stripe does not advance it by itself: when it is asked for is ours to say.
    package func createInvoice(
        for customer: StripeCustomer.ID, currency: Currency, description: String,
        metadata: [String: String], key: String
    ) async throws(StripeFailure) -> StripeInvoice {
        var fields = FormFields()
        fields.add("customer", customer.rawValue)
        fields.add("currency", currency.rawValue.lowercased())
        fields.add("auto_advance", false)
        fields.add("collection_method", "charge_automatically")
        fields.add("pending_invoice_items_behavior", "exclude")
        fields.add("description", description)
        fields.add(nested: "metadata", metadata)
        return try await post("/v1/invoices", fields, key: key, as: StripeInvoice.init)
    }

    package func addItem(
        _ amount: Money, _ description: String, to invoice: StripeInvoice, key: String
    ) async throws(StripeFailure) {
        var fields = FormFields()
        fields.add("customer", invoice.customer?.rawValue)
        fields.add("invoice", invoice.id.rawValue)
        fields.add("amount", amount.minorUnits)
        fields.add("currency", amount.currency.rawValue.lowercased())
        fields.add("description", description)
        try await post("/v1/invoiceitems", fields, key: key) { _ in }
    }

    package func finalizeInvoice(
        _ id: StripeInvoice.ID, key: String
    ) async throws(StripeFailure) -> StripeInvoice {
        try await post(
            "/v1/invoices/\(id)/finalize", ["auto_advance": "false"], key: key, as: StripeInvoice.init)
    }

    /// Charges the customer's default card. A card that does not pay is a failure of the card's kind.
    package func payInvoice(
        _ id: StripeInvoice.ID, key: String
    ) async throws(StripeFailure) -> StripeInvoice {
        try await post("/v1/invoices/\(id)/pay", ["off_session": "true"], key: key, as: StripeInvoice.init)
    }

    package func invoice(_ id: StripeInvoice.ID) async throws(StripeFailure) -> StripeInvoice {
        try await get("/v1/invoices/\(id)", as: StripeInvoice.init)
    }

    /// All invoices of a customer, newest first; compare their metadata to find one of ours.
    package func invoices(of customer: StripeCustomer.ID) async throws(StripeFailure) -> [StripeInvoice] {
        try await list("/v1/invoices", ["customer": customer.rawValue], as: StripeInvoice.init)
    }

    /// Moves money of the platform to a connected account.
    package func transfer(
        _ amount: Money, to account: StripeAccount.ID, group: String, metadata: [String: String],
        key: String
    ) async throws(StripeFailure) -> StripeOwnTransfer {
        var fields = FormFields()
        fields.add("amount", amount.minorUnits)
        fields.add("currency", amount.currency.rawValue.lowercased())
        fields.add("destination", account.rawValue)
        fields.add("transfer_group", group)
        fields.add(nested: "metadata", metadata)
        return try await post("/v1/transfers", fields, key: key, as: StripeOwnTransfer.init)
    }

    /// The transfers of a group, newest first.
    package func transfers(in group: String) async throws(StripeFailure) -> [StripeOwnTransfer] {
        try await list("/v1/transfers", ["transfer_group": group], as: StripeOwnTransfer.init)
    }
}
