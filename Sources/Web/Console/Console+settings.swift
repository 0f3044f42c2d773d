// What the platform is, as far as that is data: the seller on its own invoices, and the day's rates. Whatever
// else is set is set where processes are started, and not here.

import Commerce
import CommerceStore
import Fleet
import Foundation
import WebSupport

extension Console {
    var settingsEndpoints: [Endpoint] {
        [
            privatePage("/ops/settings") { request, admin in
                try await settingsPage(request, admin, []).response()
            },
            privateForm("/ops/settings/identity", may: .rewrite, changeIdentity),
        ]
    }

    private func settingsPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let identity = try await house.identity()
        let rates = try await house.rates()
        let facts = FactList(facts: [
            ("Name", "\(identity.name)"), ("Address", "\(identity.address)"),
            ("Country", "\(identity.country)"), ("VAT number", "\(identity.vatNumber)"),
            ("Registration", "\(identity.registration)"), ("Series of invoices", "\(identity.series)"),
            ("Currency", "\(identity.currency)"),
        ])
        let table = DataTable(
            caption: "Reference rates", headings: ["One", "In", "Rate", "Of"],
            rows: rates.map { rate in
                ["\(rate.base)", "\(rate.quote)", "\(Self.decimal(rate.scaled))", "\(rate.day)"]
            }, empty: "No rate is on record.")
        return ConsolePage(
            request, title: "Settings", admin: admin,
            main: """
                <h1>Settings of the platform</h1>\(ErrorSummary.html(problems))\
                <section><h2>The seller on our invoices</h2>\(facts.html)\
                \(identityForm(identity, request, admin, problems))</section>\(table.html)
                """)
    }

    private static func decimal(_ scaled: Int64) -> String {
        let fraction = String(scaled % 100_000_000)
        return "\(scaled / 100_000_000).\(String(repeating: "0", count: 8 - fraction.count))\(fraction)"
    }

    private static let fields: [(name: String, label: String, limit: Int)] = [
        ("name", "Name", 200), ("address", "Address", 400), ("country", "Country", 2),
        ("vat_number", "VAT number", 14), ("registration", "Registration", 100),
    ]

    private func identityForm(
        _ identity: PlatformHouse.Identity, _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) -> HTML {
        guard admin.role.may(.rewrite) else { return .empty }
        let values = Self.facts(identity)
        let entries =
            Self.fields.map { Entry($0.name, $0.label, value: values[$0.name]) }
            + [Entry("reason", "Why", hint: "Kept in the audit.")]
        let wasSent = request.method == "POST"
        let open: HTML = wasSent ? " open" : ""
        return """
            <details\(open)><summary>Change it</summary>\
            <form method="post" action="/ops/settings/identity" class="panel stack narrow">\
            \(request.tokenField)<p class="fine">Invoices that were issued keep what they say.</p>\
            \(entries.map { $0.html(request, problems, wasSent: wasSent) })\
            <p><button>Change it</button></p></form></details>
            """
    }

    private func changeIdentity(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let before = try await house.identity()
        var after = before
        after.name = request.form["name"] ?? ""
        after.address = request.form["address"] ?? ""
        after.country = (request.form["country"] ?? "").uppercased()
        after.vatNumber = (request.form["vat_number"] ?? "").uppercased().filter { $0 != " " }
        after.registration = request.form["registration"] ?? ""
        var problems = Self.problems(after)
        let mandate = mandate(request, admin)
        if mandate == nil {
            problems.append(FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it."))
        }
        guard let mandate, problems.isEmpty else {
            return try await settingsPage(request, admin, problems).response(status: 422)
        }
        let entry = AuditEntry(
            "settings.identity", on: "platform", by: mandate, before: Self.facts(before),
            after: Self.facts(after))
        let changed: Bool? = try await Audit.recording(entry, in: tools.pool) {
            try await house.change(from: before, to: after) ? true : nil
        }
        guard changed != nil else {
            let faster = FieldError("name", "Somebody else has changed this meanwhile: look at it again.")
            return try await settingsPage(request, admin, [faster]).response(status: 409)
        }
        return .seeOther("/ops/settings")
    }

    private static func facts(_ identity: PlatformHouse.Identity) -> [String: String] {
        [
            "name": identity.name, "address": identity.address, "country": identity.country,
            "vat_number": identity.vatNumber, "registration": identity.registration,
        ]
    }

    private static func problems(_ identity: PlatformHouse.Identity) -> [FieldError] {
        let values = facts(identity)
        var problems = fields.compactMap { field -> FieldError? in
            let count = values[field.name]?.count ?? 0
            let least = field.name == "registration" ? 0 : 1
            guard !(least...field.limit).contains(count) else { return nil }
            return FieldError(field.name, "\(field.label) has \(least) to \(field.limit) characters.")
        }
        let isCode = { (text: String) in text.utf8.allSatisfy { (0x41...0x5A).contains($0) } }
        if identity.country.count != 2 || !isCode(identity.country) {
            problems = problems.filter { $0.field != "country" }
            problems.append(FieldError("country", "Write the country's two letters, such as RO."))
        }
        let isNumber = identity.vatNumber.utf8.allSatisfy {
            (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
        }
        if identity.vatNumber.count < 4 || !isNumber {
            problems = problems.filter { $0.field != "vat_number" }
            problems.append(FieldError("vat_number", "Write 4 to 14 letters and digits."))
        }
        return problems
    }
}
