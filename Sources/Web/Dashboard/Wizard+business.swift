// Who the trader is, with the VAT number checked as far as the number itself tells, and what is promised
// about delivery and returns. Both fill in the legal pages. Whether the number is registered is asked by a
// run that begins with the saving.

import Commerce
import CommerceStore
import WebSupport

extension Dashboard {
    private static let businessFields = [
        FormField("legal_name", "Legal name"),
        FormField(
            "country", "Country", width: "half",
            choices: CountryCode.europeanUnion.map(\.rawValue).sorted().map { ($0, $0) }),
        FormField(
            "vat_number", "VAT number", hint: "Leave it empty if you are not registered for VAT.",
            width: "half"),
        FormField("registration", "Trade register", hint: "If there is an entry, such as J40/1/2020."),
        FormField("address_line", "Street and number", autocomplete: "street-address"),
        FormField("postcode", "Postcode", autocomplete: "postal-code", width: "third"),
        FormField("city", "City", autocomplete: "address-level2", width: "most"),
        FormField("phone", "Telephone", type: "tel", autocomplete: "tel", width: "half"),
        FormField("email", "E-mail for shoppers", type: "email", autocomplete: "email", width: "half"),
    ]

    func business(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await show(request, account) { visit, tx in
            var visit = visit
            let known = try await Identities().load(in: tx)
            visit.values =
                known.map(Self.values) ?? [
                    "country": visit.store.country.rawValue, "email": visit.store.contactEmail,
                ]
            return visit.page(.business, visit.form(.business, Self.businessFields))
        }
    }

    func saveBusiness(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        var problems: [FieldError] = []
        guard let identity = Self.identity(request.form, &problems), problems.isEmpty else {
            return try await show(
                request, account, problems: problems, values: request.typed(Self.businessFields)
            ) { visit, _ in visit.page(.business, visit.form(.business, Self.businessFields)) }
        }
        return try await save(.business, request, account) { tx in
            let known = try await Identities().load(in: tx)
            try await Identities().save(identity, at: request.receivedAt, in: tx)
            if let number = identity.vatNumber, number != known?.vatNumber {
                try await onboarding.checkNumber(number, tx)
            }
        }
    }

    private static func values(_ identity: BusinessIdentity) -> [String: String] {
        [
            "legal_name": identity.legalName, "country": identity.country.rawValue,
            "vat_number": identity.vatNumber?.rawValue ?? "", "registration": identity.registration ?? "",
            "address_line": identity.addressLine, "postcode": identity.postcode, "city": identity.city,
            "phone": identity.phone, "email": identity.email.rawValue,
        ]
    }

    private static func identity(_ form: FormFields, _ problems: inout [FieldError]) -> BusinessIdentity? {
        func text(_ name: String, _ range: ClosedRange<Int>) -> String {
            let value = form[name] ?? ""
            if value.isEmpty {
                problems.append(FieldError(name, "is needed"))
            } else if !range.contains(value.count) {
                problems.append(
                    FieldError(name, "needs \(range.lowerBound) to \(range.upperBound) characters"))
            }
            return value
        }
        let name = text("legal_name", 2...200)
        let (line, postcode) = (text("address_line", 3...200), text("postcode", 3...12))
        let (city, phone) = (text("city", 2...100), text("phone", 6...30))
        let country = form["country"].flatMap { CountryCode(rawValue: $0) }
        if country?.isInEuropeanUnion != true {
            problems.append(FieldError("country", "must be in the European Union"))
        }
        let email = EmailAddress(rawValue: form["email"] ?? "")
        if email == nil { problems.append(FieldError("email", "is not an address")) }
        var number: VATNumber?
        if let country, let written = form["vat_number"], !written.isEmpty {
            do {
                number = try VATNumber(parsing: written, of: country)
            } catch .malformed(_, _, let reason) {
                problems.append(FieldError("vat_number", "cannot be right: \(reason)"))
            } catch {
                problems.append(FieldError("vat_number", error.description))
            }
        }
        guard let country, let email else { return nil }
        let registration = form["registration"] ?? ""
        return BusinessIdentity(
            legalName: name, country: country, vatNumber: number,
            registration: registration.isEmpty ? nil : registration, addressLine: line, postcode: postcode,
            city: city, phone: phone, email: email)
    }

    // MARK: - Delivery and returns

    private static let policyFields = [
        FormField(
            "shipping", "Delivery, per order", hint: "What the shopper pays, such as 19.99.", width: "half"),
        FormField("days_from", "Delivered after, in days", type: "number", width: "half"),
        FormField("days_to", "and at the latest after", type: "number", width: "half"),
        FormField("withdrawal", "Days to withdraw", type: "number", hint: "At least 14.", width: "half"),
        FormField(
            "return_cost", "Who pays for a return", width: "half",
            choices: [("shopper", "The shopper"), ("store", "You")]),
    ]

    func policies(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await show(request, account) { visit, tx in
            var visit = visit
            let policy = try await Identities().policy(in: tx) ?? .standard
            visit.values = [
                "shipping": visit.store.shipping.decimalText,
                "days_from": "\(policy.deliveryDays.lowerBound)",
                "days_to": "\(policy.deliveryDays.upperBound)", "withdrawal": "\(policy.withdrawalDays)",
                "return_cost": policy.returnCost.rawValue,
            ]
            return visit.page(.policies, visit.form(.policies, Self.policyFields))
        }
    }

    func savePolicies(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        var problems: [FieldError] = []
        func number(_ name: String) -> Int {
            request.form[name].flatMap { Int($0) } ?? -1
        }
        let policy = StorePolicy(
            deliveryFrom: number("days_from"), to: number("days_to"), withdrawalDays: number("withdrawal"),
            returnCost: request.form["return_cost"].flatMap { .init(rawValue: $0) } ?? .shopper)
        if policy == nil {
            problems.append(
                !StorePolicy.withdrawalRange.contains(number("withdrawal"))
                    ? FieldError("withdrawal", "must be 14 to 90: the law gives shoppers fourteen days")
                    : FieldError("days_to", "must be 0 to 30, and not before the first"))
        }
        let currency = try await inStore(request, account, may: .change) {
            try await Stores().load(in: $0).currency
        }
        let written = (request.form["shipping"] ?? "").replacing(",", with: ".")
        // Whatever is wrong with it, the field says what is right.
        let shipping = try? Money(exactly: written, currency)
        if shipping?.isNegative ?? true {
            problems.append(FieldError("shipping", "must be an amount, such as 19.99"))
        }
        guard problems.isEmpty, let policy, let shipping else {
            return try await show(
                request, account, problems: problems, values: request.typed(Self.policyFields)
            ) { visit, _ in visit.page(.policies, visit.form(.policies, Self.policyFields)) }
        }
        return try await save(.policies, request, account) { tx in
            try await Stores().setShipping(shipping, in: tx)
            try await Identities().save(policy, in: tx)
        }
    }
}
