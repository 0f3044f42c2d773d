// The price list: each plan as it is, as it was, and as it will be. Nothing is edited here. A new version
// says from which month on other figures count; quotes keep those they were made with, and a month is billed
// by what was in force when it began.

import Commerce
import CommerceStore
import Fleet
import Foundation
import WebSupport

extension Console {
    var planEndpoints: [Endpoint] {
        [
            privatePage("/ops/plans") { request, admin in try await plansPage(request, admin).response() },
            privateForm("/ops/plans/{plan}", may: .rewrite, addVersion),
        ]
    }

    private func plansPage(
        _ request: WebRequest, _ admin: Admin, tried: PlanID? = nil, _ problems: [FieldError] = []
    ) async throws -> ConsolePage {
        let histories = try await versions.all()
        let months = try await versions.months(after: request.receivedAt)
        let sections = histories.map { history -> HTML in
            PlanSection(
                history: history, months: months, admin: admin, request: request,
                problems: history.plan.id == tried ? problems : [], wasSent: history.plan.id == tried
            ).html
        }
        return ConsolePage(
            request, title: "Plans", admin: admin,
            main: """
                <h1>Plans</h1><p class="lead">A new version begins with a month to come. What was in force \
                stays as it was.</p>\(ErrorSummary.html(problems))\(sections)
                """)
    }

    private func addVersion(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let code = try request.parameter("plan")
        guard let history = try await versions.all().first(where: { $0.plan.id.rawValue == code }) else {
            throw WebProblem(.notFound)
        }
        let months = try await versions.months(after: request.receivedAt)
        let form = PlanForm(request.form, changing: history.plan, months: months)
        var problems = form.problems
        let mandate = mandate(request, admin)
        if mandate == nil {
            problems.append(FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it."))
        }
        guard let plan = form.plan, let begins = form.begins, let mandate, problems.isEmpty else {
            return try await plansPage(request, admin, tried: history.plan.id, problems)
                .response(status: 422)
        }
        let entry = AuditEntry(
            "plan.version", on: "plan \(code)", by: mandate,
            before: PlanSection.facts(history.versions.first?.plan ?? history.plan),
            after: PlanSection.facts(plan).merging(["begins": begins.formatted(.iso8601)]) { $1 })
        _ = try await Audit.recording(entry, in: tools.pool) {
            try await versions.add(plan, from: begins, by: mandate.actor, because: mandate.reason)
        }
        return .seeOther("/ops/plans#plan-\(code)")
    }

    /// Writes an act of the house down in the operators' chain.
    func record(_ entry: AuditEntry) async throws {
        _ = try await tools.pool.withTransaction { try await Audit.append(entry, in: $0) }
    }
}

/// One plan with its versions and the form for another.
struct PlanSection: Sendable {
    let history: PlanVersions.History
    let months: [(month: BillingMonth, at: Date)]
    let admin: Admin
    let request: WebRequest
    let problems: [FieldError]
    let wasSent: Bool

    var html: HTML {
        let now = request.receivedAt
        let current = history.inForce(at: now)
        let coming = Set(history.coming(after: now).map(\.number))
        let rows = history.versions.map { version -> [HTML] in
            let state =
                version.number == current?.number
                ? Show.tag("in force", "good")
                : coming.contains(version.number)
                    ? Show.tag("to come", "now")
                    : version.effectiveAt > now ? Show.tag("replaced before it began") : Show.tag("past")
            return [
                "\(version.number)", state, Show.clock(version.effectiveAt), "\(version.plan.title)",
                Show.money(version.plan.monthlyPrice), limits(version.plan), terms(version.plan.terms),
                "\(version.madeBy)", "\(version.reason)",
            ]
        }
        let table = DataTable(
            caption: "Versions of \(history.plan.title)",
            headings: ["Version", "State", "From", "Title", "A month", "Limits", "Withheld", "Who", "Why"],
            rows: rows)
        return """
            <section id="plan-\(history.plan.id.rawValue)"><h2>\(history.plan.title)</h2>\
            <p>\(history.stores) stores sell by it.</p>\(table.html)\(form)</section>
            """
    }

    private func limits(_ plan: Plan) -> HTML {
        let stores = plan.storeLimit.map { "\($0) stores" } ?? "any number of stores"
        let more = [
            plan.allowsOwnSuppliers ? "own suppliers" : nil, plan.allowsCustomDomain ? "own domain" : nil,
        ].compactMap(\.self)
        return "\(([stores] + more).joined(separator: ", "))"
    }

    private func terms(_ terms: PlanTerms) -> HTML {
        """
        \(Show.money(terms.markupPerUnit)) a unit, \(terms.commission.percentText) %, card processing by the \
        \(terms.processingFeeBearer.rawValue)
        """
    }

    private var form: HTML {
        guard admin.role.may(.rewrite) else { return .empty }
        let latest = history.versions.first?.plan ?? history.plan
        let entries = PlanForm.entries(latest, months: months).map {
            $0.html(request, problems, wasSent: wasSent)
        }
        let unticked: HTML? = problems.first { $0.field == "confirm" }.map {
            "<p class=\"error\">\($0.message)</p>"
        }
        let open: HTML = wasSent ? " open" : ""
        return """
            <details\(open)><summary>A new version of \(history.plan.title)</summary>\
            <form method="post" action="/ops/plans/\(history.plan.id.rawValue)" class="panel stack">\
            \(request.tokenField)<div class="filters">\(entries)</div>\
            <label class="check"><input type="checkbox" name="confirm" value="yes"> From that month on \
            \(history.stores) stores pay by these figures. It cannot be taken back, only followed by another \
            version.</label>\(unticked)<p><button>Write it down</button></p></form></details>
            """
    }

    static func facts(_ plan: Plan) -> [String: String] {
        [
            "title": plan.title, "monthly": plan.monthlyPrice.description,
            "stores": plan.storeLimit.map(String.init) ?? "unlimited",
            "markup": plan.terms.markupPerUnit.description,
            "commission": plan.terms.commission.percentText,
            "bearer": plan.terms.processingFeeBearer.rawValue,
            "processing": "\(plan.terms.processing.rate.percentText) % + \(plan.terms.processing.fixed)",
            "own_suppliers": "\(plan.allowsOwnSuppliers)", "custom_domain": "\(plan.allowsCustomDomain)",
        ]
    }
}
