// What is changed of an order before its supplier was asked: pieces are canceled, which refunds them, and the
// address is corrected. Whether it is still time is decided under the order's lock, not by the page.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var orderChangeEndpoints: [Endpoint] {
        guard let desk = returnsDesk else { return [] }
        let root = "/stores/:store/orders/:number"
        return [
            privateForm("\(root)/cancel") { try await cancelUnits($0, $1, desk) },
            privateForm("\(root)/address") { try await correctAddress($0, $1, desk) },
        ]
    }

    private func cancelUnits(
        _ request: WebRequest, _ account: Account, _ desk: ReturnsDesk
    ) async throws -> WebResponse {
        try await inStore(request, account, may: .change) { _ in }
        let wanted = try Self.lineCounts(request.form)
        let reason = request.form["reason"] ?? ""
        var problems: [FieldError] = []
        if !(1...200).contains(reason.count) {
            problems.append(FieldError("reason", "is needed, up to 200 characters"))
        }
        if wanted.isEmpty { problems.append(FieldError("units", "Choose at least one unit.")) }
        guard problems.isEmpty else {
            return try await orderPage(request, account, problems: problems, at: .cancel)
        }
        let (tenant, order, idle) = try await inStore(request, account, may: .change) { tx in
            let order = try await Self.order(request, in: tx)
            // What nobody has paid for expires by itself.
            guard order.status.payment.hasBeenPaid else {
                throw WebProblem(.conflict, "the order is not paid, so there is nothing to refund")
            }
            let idle = try await desk.cancel(
                wanted, of: order.id, by: account.id.actor, reason: reason, in: tx)
            return (tx.tenant, order, idle)
        }
        try await desk.release(idle)
        return Self.back(to: order, in: tenant, .canceled)
    }

    private func correctAddress(
        _ request: WebRequest, _ account: Account, _ desk: ReturnsDesk
    ) async throws -> WebResponse {
        let form = request.form
        var typed = AddressForm(
            firstName: form["firstName"] ?? "", lastName: form["lastName"] ?? "",
            company: form["company"] ?? "", line: form["line"] ?? "", city: form["city"] ?? "",
            county: form["county"] ?? "", postcode: form["postcode"] ?? "")
        let (tenant, order) = try await inStore(request, account, may: .change) { tx in
            (tx.tenant, try await Self.order(request, in: tx))
        }
        // Taxes were worked out for the country and the company: neither is typed anew.
        typed.country = order.address.country.rawValue
        typed.vatNumber = order.address.vatNumber ?? ""
        let address: Address
        switch typed.verdict() {
        case .success(let checked): address = checked
        case .failure(let wrong):
            return try await orderPage(request, account, problems: wrong.problems, at: .address)
        }
        let (refusal, waiting) = try await inStore(request, account, may: .change) { tx in
            try await desk.correctAddress(of: order.id, to: address, by: account.id.actor, in: tx)
        }
        guard refusal == nil else {
            throw WebProblem(
                .conflict, "the supplier has the order already, or taxes are different at that address")
        }
        try await desk.resume(waiting)
        return Self.back(to: order, in: tenant, .address)
    }

    /// How many pieces of each line a form names; those of which it names none are left out.
    static func lineCounts(_ form: FormFields) throws(WebProblem) -> [OrderLineID: Int] {
        var wanted: [OrderLineID: Int] = [:]
        for name in form.names(with: "line:") {
            guard let line = try? OrderLineID(parsing: String(name.dropFirst(5))),
                let count = form[name].flatMap({ Int($0) }), (0...Self.pieceLimit).contains(count)
            else { throw WebProblem(.malformedRequest, "\(name) is no count of a line") }
            if count > 0 { wanted[line] = count }
        }
        return wanted
    }

    /// More pieces than a basket can hold.
    static let pieceLimit = 100_000
}

/// The forms for it, as far as it is still time.
struct OrderChanges: Sendable {
    let request: WebRequest
    let record: OrderRecord
    let cancelProblems: [FieldError]
    let addressProblems: [FieldError]

    var html: HTML { "\(cancel)\(address)" }

    private var cancel: HTML? {
        let asked = Set(
            record.annex.suppliers.filter { $0.state.mayBeAtSupplier || $0.givenToMerchantAt != nil }
                .map(\.id))
        let counts = record.lines.compactMap { line -> FormField? in
            let open = record.units.count {
                $0.line == line.id && $0.state == .allocated
                    && !($0.supplierOrder.map(asked.contains) ?? false)
            }
            guard open > 0 else { return nil }
            return FormField("line:\(line.id)", line.title, choices: (0...open).map { ("\($0)", "\($0)") })
        }
        guard record.order.status.payment.hasBeenPaid, !counts.isEmpty else { return nil }
        let form = FormView(
            request: request, action: "\(record.address)/cancel",
            fields: counts + [FormField("reason", "Why", hint: "Kept with the order.")],
            values: cancelProblems.isEmpty ? [:] : request.typedTexts, problems: cancelProblems,
            button: "Cancel and refund these")
        return """
            <details\(cancelProblems.isEmpty ? "" : " open")><summary>Cancel pieces</summary>\
            <p>No supplier was asked for these yet, so canceling them costs you nothing.</p>\
            \(form.html)</details>
            """
    }

    private var address: HTML? {
        guard record.canBeReaddressed else { return nil }
        let form = FormView(
            request: request, action: "\(record.address)/address", fields: Self.addressFields,
            values: addressProblems.isEmpty ? typed : request.typedTexts, problems: addressProblems,
            button: "Correct the address")
        return """
            <details\(addressProblems.isEmpty ? "" : " open")><summary>Correct the address</summary>\
            \(form.html)</details>
            """
    }

    private static let addressFields = [
        FormField("firstName", "First name", width: "half"),
        FormField("lastName", "Last name", width: "half"),
        FormField("company", "Company"), FormField("line", "Street and number"),
        FormField("postcode", "Postcode", width: "third"), FormField("city", "City", width: "most"),
        FormField("county", "County", width: "half"),
    ]

    private var typed: [String: String] {
        let address = record.order.address
        return [
            "firstName": address.firstName, "lastName": address.lastName, "company": address.company ?? "",
            "line": address.line, "postcode": address.postcode, "city": address.city,
            "county": address.county ?? "",
        ]
    }
}
