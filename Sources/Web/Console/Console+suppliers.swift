// The suppliers of the platform's own catalogue: what they offer, when their lists were last read and how
// that went. Reading them is one kind of work, which is held back and let go on like any other.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var supplierEndpoints: [Endpoint] {
        [
            privatePage("/ops/suppliers") { request, admin in
                try await suppliersPage(request, admin, []).response()
            },
            privateForm("/ops/suppliers/pause", may: .operate) { request, admin in
                try await decidePulls(request, admin) { try await tools.control.pause($0, by: $1) }
            },
            privateForm("/ops/suppliers/resume", may: .operate) { request, admin in
                try await decidePulls(request, admin) { try await tools.control.resume($0, by: $1) }
            },
        ]
    }

    private func suppliersPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let now = request.receivedAt
        let suppliers = try await house.suppliers()
        let policy = try await tools.control.policies().first { $0.subject == .workflow(tools.pulls) }
        let schedules = try await tools.schedules.list().filter { $0.workflow == tools.pulls }
        let part = LivePart(
            "suppliers",
            SupplierTable(suppliers: suppliers, limits: await limits(of: suppliers), now: now).html
                + PullTable(pulls: suppliers.flatMap(\.pulls), now: now).html)
        var page = ConsolePage(
            request, title: "Suppliers", admin: admin,
            main: """
                <h1>Suppliers of the platform</h1>\(ErrorSummary.html(problems))\
                \(state(policy, schedules, now))\(part.html)\(pullForm(request, admin, policy, problems))
                """)
        // Readings take hours, and these counts walk a whole catalogue: no news is worth more.
        page.live = LivePage([], pollSeconds: 60, [part])
        return page
    }

    /// What stands in the way of calls to each supplier, by its code.
    private func limits(of suppliers: [PlatformHouse.Supplier]) async -> [String: LimitState?] {
        guard let limits = tools.limits else { return [:] }
        var found: [String: LimitState?] = [:]
        for supplier in suppliers {
            // Without Redis it is not known, which is what the page says then.
            found[supplier.code] = .some(
                try? await limits.state(of: LimitKey("\(supplier.adapter):platform")))
        }
        return found
    }

    private func state(_ policy: PolicyLine?, _ schedules: [ScheduleLine], _ now: Date) -> HTML {
        let paused: HTML =
            policy?.isPaused == true
            ? """
            \(Show.tag("paused", "warn")) by \(policy?.actor ?? "?"): \(policy?.reason ?? "")
            """ : Show.tag("open", "good")
        let times = schedules.map { line -> HTML in
            let name = line.name.rawValue
            let next = line.stored?.next.map { Show.time($0.instant, now) } ?? "never"
            return """
                <li><a href="/ops/schedules/\(PercentCoding.encode(name))">\(name)</a>: next \(next)</li>
                """
        }
        let list: HTML? = times.isEmpty ? nil : "<ul>\(times)</ul>"
        let runs = "/ops/runs?workflow=\(PercentCoding.encode(tools.pulls.rawValue))"
        return """
            <p>Reading of their lists: \(paused) · <a href="\(link: runs)">its runs</a> · \
            <a href="/ops/queues">limits and decisions</a></p>\(list)
            """
    }

    private func pullForm(
        _ request: WebRequest, _ admin: Admin, _ policy: PolicyLine?, _ problems: [FieldError]
    ) -> HTML {
        guard admin.role.may(.operate) else { return .empty }
        let isPaused = policy?.isPaused == true
        let verb = isPaused ? "resume" : "pause"
        let words =
            isPaused
            ? "Goes on where a pause stopped; schedules that fired meanwhile are done then."
            : "No list is read until somebody resumes it. What is under way goes on to its next wait."
        let reason = Entry("reason", "Why", hint: "Kept in the audit.")
        return """
            <form method="post" action="/ops/suppliers/\(verb)" class="panel stack narrow">\
            \(request.tokenField)<p class="fine">\(words)</p>\(reason.html(request, problems))\
            <p><button>\(isPaused ? "Resume reading" : "Pause reading")</button></p></form>
            """
    }

    private func decidePulls(
        _ request: WebRequest, _ admin: Admin, _ body: (PolicySubject, Mandate) async throws -> Void
    ) async throws -> WebResponse {
        guard let mandate = mandate(request, admin) else {
            let problem = FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it.")
            return try await suppliersPage(request, admin, [problem]).response(status: 422)
        }
        try await body(.workflow(tools.pulls), mandate)
        return .seeOther("/ops/suppliers")
    }
}

struct SupplierTable: Sendable {
    let suppliers: [PlatformHouse.Supplier]
    /// Nil for one whose limits cannot be read just now.
    let limits: [String: LimitState?]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Suppliers",
            headings: [
                "Supplier", "Adapter", "Country", "Articles", "Lack safety data", "A parcel costs",
                "Last read", "Stock seen", "Limits",
            ],
            rows: suppliers.map { supplier in
                [
                    "\(supplier.name) <span class=\"fine\">\(supplier.code)</span>", "\(supplier.adapter)",
                    "\(supplier.country)", "\(supplier.articles)", "\(supplier.withoutSafety)",
                    Show.money(supplier.parcel), last(supplier), Show.time(supplier.stockSeenAt, now),
                    limit(supplier),
                ]
            }, empty: "No supplier is connected."
        ).html
    }

    private func limit(_ supplier: PlatformHouse.Supplier) -> HTML {
        guard let known = limits[supplier.code] else { return .empty }
        guard let state = known else { return Show.tag("Redis does not answer", "bad") }
        if let until = state.breakerOpenUntil {
            return "\(Show.tag("not called", "bad")) tried again \(Show.time(until, now))"
        }
        if let until = state.parkedUntil {
            return "\(Show.tag("parked", "warn")) until \(Show.time(until, now)), \(state.waiting) wait"
        }
        return Show.tag("open", "good")
    }

    private func last(_ supplier: PlatformHouse.Supplier) -> HTML {
        guard let done = supplier.pulls.first(where: { $0.state == "done" }) else {
            return Show.tag("never", "warn")
        }
        return Show.time(done.endedAt ?? done.startedAt, now)
    }
}

struct PullTable: Sendable {
    let pulls: [PlatformHouse.Pull]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Last readings",
            headings: [
                "Supplier", "What", "State", "Began", "Took", "Rows", "Changed", "Refused", "Gone", "Problem",
            ],
            rows: pulls.map { pull in
                [
                    "\(pull.supplier)", "\(pull.kind)", state(pull.state), Show.time(pull.startedAt, now),
                    "\(pull.endedAt.map { Show.duration(from: pull.startedAt, to: $0) } ?? "")",
                    "\(String(pull.read))", "\(String(pull.changed))", "\(String(pull.refused))",
                    "\(String(pull.removed))", Show.words(pull.problem ?? ""),
                ]
            }, empty: "No list was read yet."
        ).html
    }

    private func state(_ state: String) -> HTML {
        switch state {
        case "done": Show.tag("done", "good")
        case "failed": Show.tag("failed", "bad")
        default: Show.tag("under way", "now")
        }
    }
}
