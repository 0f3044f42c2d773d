// Connected accounts. One is created without abilities; the hosted onboarding, or a lever of the sandbox,
// gives and takes them. Every change is told to the Connect endpoints, the way Stripe does it: in a burst.

extension StripeWorld {
    static let accountParams: Set<String> = [
        "account_token", "business_profile", "business_type", "capabilities", "company", "controller",
        "country",
        "default_currency", "documents", "email", "external_account", "groups", "individual", "metadata",
        "settings", "tos_acceptance", "type",
    ]
    static let accountUpdateParams = accountParams.subtracting(["controller", "country", "type"])

    mutating func createAccount(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let id = newID("acct", length: 16)
        let country = try call.text("country") ?? "RO"
        guard country.count == 2, country == country.uppercased() else {
            throw .invalid(
                "country",
                "Country '\(country)' is unknown. Try using a 2-character alphanumeric country code.",
                code: "country_unsupported")
        }
        var account = Self.blankAccount(id: id, country: country, now: now)
        try chooseController(&account, call)
        try describeAccount(&account, call)
        account["requirements"] = Self.requirements(due: Self.missing(in: account))
        insert(.account, account, owner: StripeCall.platform)
        return StripeReply(account, did: "account.create")
    }

    mutating func updateAccount(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let before = try required(.account, call)
        var account = before
        try describeAccount(&account, call)
        self[.account, call.id] = account
        emitAccount(call.id, before: before)
        return StripeReply(account, did: "account.update")
    }

    mutating func rejectAccount(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        _ = try required(.account, call)
        guard let reason = try call.choice("reason", of: ["fraud", "terms_of_service", "other"]) else {
            throw .missing("reason")
        }
        disable(call.id, reason: "rejected.\(reason)", due: [])
        return StripeReply(self[.account, call.id], did: "account.reject")
    }

    mutating func deleteAccount(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        _ = try required(.account, call)
        delete(.account, call.id)
        return StripeReply(
            ["id": .string(call.id), "object": "account", "deleted": true], did: "account.delete")
    }

    /// The account of the key, or the one acted on.
    func ownAccount(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard call.owner == StripeCall.platform else { return StripeReply(self[.account, call.owner]) }
        var account = Self.blankAccount(id: "acct_1CartFluxPlatform", country: "RO", now: 1_700_000_000)
        account["charges_enabled"] = true
        account["payouts_enabled"] = true
        account["details_submitted"] = true
        account["type"] = "standard"
        return StripeReply(account)
    }

    func loginLink(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        _ = try required(.account, call)
        let url = "\(call.origin)/_sandbox/dashboard/\(call.id)"
        return StripeReply(["object": "login_link", "created": .integer(now), "url": .string(url)])
    }

    /// Everything submitted and verified: the account can charge and be paid.
    mutating func activate(_ id: String) {
        submit(id)
        let before = self[.account, id]
        for capability in before["capabilities"].object.keys {
            self[.account, id]["capabilities"][capability] = "active"
        }
        self[.account, id]["charges_enabled"] = true
        self[.account, id]["payouts_enabled"] = true
        self[.account, id]["requirements"] = Self.requirements(due: [])
        emitAccount(id, before: before)
    }

    /// Everything submitted, nothing verified yet.
    mutating func submit(_ id: String) {
        let before = self[.account, id]
        guard before["details_submitted"].bool != true else { return }
        self[.account, id]["details_submitted"] = true
        self[.account, id]["tos_acceptance"]["date"] = .integer(now)
        if before["business_type"].isNull { self[.account, id]["business_type"] = "company" }
        if before["business_profile"]["url"].isNull {
            self[.account, id]["business_profile"]["url"] = .string("https://\(id.lowercased()).example")
        }
        var requirements = Self.requirements(due: [])
        requirements["pending_verification"] = ["individual.verification.document"]
        requirements["disabled_reason"] = "requirements.pending_verification"
        self[.account, id]["requirements"] = requirements
        emitAccount(id, before: before)
    }

    /// The account loses its abilities until something is provided.
    mutating func restrict(_ id: String) {
        submit(id)
        let document = "individual.verification.document"
        disable(id, reason: "requirements.past_due", due: [document])
        self[.account, id]["requirements"]["errors"] = [
            [
                "code": "verification_document_expired", "reason": "The document has expired.",
                "requirement": .string(document),
            ]
        ]
    }

    mutating func disable(_ id: String, reason: String, due: [String]) {
        let before = self[.account, id]
        for capability in before["capabilities"].object.keys {
            self[.account, id]["capabilities"][capability] = "inactive"
        }
        self[.account, id]["charges_enabled"] = false
        self[.account, id]["payouts_enabled"] = false
        self[.account, id]["requirements"] = Self.requirements(due: due)
        self[.account, id]["requirements"]["disabled_reason"] = .string(reason)
        emitAccount(id, before: before)
    }

    /// The merchant disconnected the platform.
    mutating func deauthorize(_ id: String) {
        disable(id, reason: "platform_paused", due: [])
        let application: JSON = [
            "id": .string(Self.application), "object": "application", "name": "CartFlux",
        ]
        emit("account.application.deauthorized", application, owner: id)
    }

    private mutating func emitAccount(_ id: String, before: JSON) {
        let account = self[.account, id]
        let previous = Self.previous(before, account)
        guard !previous.object.isEmpty else { return }
        for (name, state) in account["capabilities"].object.sorted(by: { $0.key < $1.key }) {
            guard before["capabilities"][name] != state else { continue }
            let capability: JSON = [
                "id": .string(name), "object": "capability", "account": .string(id), "requested": true,
                "requested_at": account["created"], "requirements": account["requirements"],
                "status": state,
            ]
            let previous: JSON = ["status": before["capabilities"][name]]
            emit("capability.updated", capability, owner: id, previous: previous)
        }
        emit("account.updated", account, owner: id, previous: previous)
    }

    /// The old values of what changed, nested objects included, arrays whole.
    static func previous(_ before: JSON, _ after: JSON) -> JSON {
        var changed: JSON = [:]
        for (name, old) in before.object where after[name] != old {
            let isNested = !old.object.isEmpty && !after[name].object.isEmpty
            changed[name] = isNested ? previous(old, after[name]) : old
        }
        return changed
    }

    private func chooseController(_ account: inout JSON, _ call: StripeCall) throws(StripeProblem) {
        let type = try call.choice("type", of: ["standard", "express", "custom"])
        guard call.form["controller"] == nil || type == nil else {
            throw .invalid(
                "type", "You may only specify one of these parameters: type, controller.",
                code: "parameters_exclusive")
        }
        if let type {
            account["type"] = .string(type)
            account["controller"]["fees"]["payer"] = .string(
                type == "standard" ? "account" : "application_\(type)")
            account["controller"]["stripe_dashboard"]["type"] =
                type == "custom" ? "none" : type == "standard" ? "full" : "express"
            return
        }
        let dashboard = try call.text("controller", "stripe_dashboard", "type") ?? "full"
        guard ["express", "full", "none"].contains(dashboard) else {
            throw .invalid(
                "controller[stripe_dashboard][type]",
                "Invalid controller[stripe_dashboard][type]: \(dashboard)")
        }
        account["type"] = dashboard == "express" ? "express" : dashboard == "none" ? "custom" : "standard"
        account["controller"]["stripe_dashboard"]["type"] = .string(dashboard)
        let payer = try call.text("controller", "fees", "payer") ?? "account"
        account["controller"]["fees"]["payer"] = .string(payer)
        let losses = try call.text("controller", "losses", "payments") ?? "stripe"
        account["controller"]["losses"]["payments"] = .string(losses)
        let collection = try call.text("controller", "requirement_collection") ?? "stripe"
        account["controller"]["requirement_collection"] = .string(collection)
    }

    private func describeAccount(_ account: inout JSON, _ call: StripeCall) throws(StripeProblem) {
        if let email = try call.text("email") {
            guard email.isEmpty || email.contains("@") else {
                throw .invalid("email", "Invalid email address: \(email)", code: "email_invalid")
            }
            account["email"] = email.isEmpty ? nil : .string(email)
        }
        for name in ["business_type", "default_currency"] {
            if let text = try call.text(name) { account[name] = .string(text) }
        }
        for (name, value) in call.object("business_profile")?.object ?? [:] {
            account["business_profile"][name] = value
        }
        for (name, wish) in call.form["capabilities"]?.members ?? [:]
        where wish["requested"]?.text == "true" {
            if account["capabilities"][name].isNull { account["capabilities"][name] = "inactive" }
        }
        account["metadata"] = try call.metadata(onto: account["metadata"])
    }

    private static func missing(in account: JSON) -> [String] {
        var due = [
            "external_account", "representative.first_name", "representative.last_name",
            "tos_acceptance.date",
        ]
        if account["business_type"].isNull { due.append("business_type") }
        if account["business_profile"]["url"].isNull { due.append("business_profile.url") }
        return due.sorted()
    }

    static func requirements(due: [String]) -> JSON {
        let due = due.map(JSON.string)
        return [
            "alternatives": [], "current_deadline": nil, "currently_due": .array(due),
            "disabled_reason": due.isEmpty ? nil : "requirements.past_due", "errors": [],
            "eventually_due": .array(due), "past_due": .array(due), "pending_verification": [],
        ]
    }

    private static func blankAccount(id: String, country: String, now: Int64) -> JSON {
        let currencies = [
            "RO": "ron", "BG": "bgn", "PL": "pln", "CZ": "czk", "HU": "huf", "SE": "sek", "GB": "gbp",
        ]
        return [
            "id": .string(id), "object": "account",
            "business_profile": ["mcc": nil, "name": nil, "support_email": nil, "url": nil],
            "business_type": nil, "capabilities": [:], "charges_enabled": false,
            "controller": [
                "fees": ["payer": "application"], "is_controller": true,
                "losses": ["payments": "application"],
                "requirement_collection": "stripe", "stripe_dashboard": ["type": "express"],
                "type": "application",
            ],
            "country": .string(country), "created": .integer(now),
            "default_currency": .string(currencies[country] ?? "eur"), "details_submitted": false,
            "email": nil,
            "external_accounts": emptyList("/v1/accounts/\(id)/external_accounts"),
            "future_requirements": requirements(due: []), "metadata": [:], "payouts_enabled": false,
            "requirements": requirements(due: []),
            "settings": ["payouts": ["debit_negative_balances": true, "schedule": ["interval": "daily"]]],
            "tos_acceptance": ["date": nil], "type": "express",
        ]
    }

}
