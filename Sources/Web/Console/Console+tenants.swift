// Stores as the operators see them: where each stands, what waits for a person in it, its latest runs and
// orders, and whether work is given out for it.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var tenantEndpoints: [Endpoint] {
        [
            privatePage("/ops/tenants", tenantList),
            privatePage("/ops/tenants/{tenant}") { request, admin in
                try await tenantPage(request, admin, []).response()
            },
            privateForm("/ops/tenants/{tenant}/{verb}", may: .operate, actOnTenant),
        ]
    }

    private func tenantList(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let lines = try await oversight.stores(matching: request.query["name"] ?? "")
        let search = Entry("name", "Address or name")
        return ConsolePage(
            request, title: "Tenants", admin: admin,
            main: """
                <h1>Tenants</h1><form method="get" action="/ops/tenants" class="filters panel">\
                \(search.html(request, []))<div><button>Find</button></div></form>\
                \(StoreTable(lines: lines, now: request.receivedAt).html)
                """
        ).response()
    }

    private func store(_ request: WebRequest) async throws -> PlatformOversight.StoreLine {
        guard let id = UUID(uuidString: try request.parameter("tenant")),
            let line = try await oversight.stores(matching: id.uuidString).first
        else { throw WebProblem(.notFound) }
        return line
    }

    private func tenantPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let store = try await store(request)
        let now = request.receivedAt
        let tenant = Tenant(store.tenant.description)
        var filter = RunFilter()
        filter.tenant = tenant
        filter.limit = 20
        let runs = try await tools.runs.list(filter)
        let policy = try await tools.control.policies().first { $0.subject == .tenant(tenant) }
        let attention = try await oversight.attention(of: store.tenant, limit: 20)
        let orders = try await orders.recent(of: store.tenant, limit: 20)
        let missing = store.requirements.joined(separator: ", ")
        let facts = FactList(facts: [
            ("Status", Show.tag(store.status)), ("Plan", "\(store.plan)"),
            ("Stripe", "\(Show.tag(store.stripeState)) \(missing)"), ("Country", "\(store.country)"),
            ("Opened", Show.time(store.createdAt, now)),
            (
                "Work",
                policy?.isPaused == true
                    ? "\(Show.tag("paused", "warn")) by \(policy?.actor ?? ""): \(policy?.reason ?? "")"
                    : Show.tag("given out", "good")
            ), ("Store", "<code>\(store.tenant.description)</code>"),
        ])
        return ConsolePage(
            request, title: store.name, admin: admin,
            main: """
                <h1>\(store.name) <span class="fine">\(store.slug)</span></h1>\
                \(ErrorSummary.html(problems))\(facts.html)\
                \(form(store, policy?.isPaused == true, request, admin, problems))\
                \(AttentionTable(lines: attention, now: now).html)\
                \(OrderTable(lines: orders, now: now).html)\(RunTable(lines: runs, now: now).html)
                <p><a href="/ops/runs?tenant=\(store.tenant.description)">All its runs</a> · \
                <a href="/ops/orders?tenant=\(store.tenant.description)">All its orders</a></p>
                """)
    }

    private func form(
        _ store: PlatformOversight.StoreLine, _ isPaused: Bool, _ request: WebRequest, _ admin: Admin,
        _ problems: [FieldError]
    ) -> HTML {
        guard admin.role.may(.operate) else { return .empty }
        let (verb, title) = isPaused ? ("resume", "Resume its work") : ("pause", "Pause its work")
        let reason = Entry("reason", "Why", hint: "Kept in the audit.")
        let open: HTML = problems.isEmpty ? "" : " open"
        return """
            <div class="verbs"><details\(open)><summary>\(title)</summary>\
            <form method="post" action="/ops/tenants/\(store.tenant.description)/\(verb)" class="stack">\
            \(request.tokenField)<p class="fine">Its runs are \(isPaused ? "given out again" : "held back"): \
            orders \(isPaused ? "go on" : "wait, and nothing is lost"). Its pages stay as they are.</p>\
            \(reason.html(request, problems))<p><button>\(title)</button></p></form></details></div>
            """
    }

    private func actOnTenant(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let store = try await store(request)
        guard let mandate = mandate(request, admin) else {
            let problem = FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it.")
            return try await tenantPage(request, admin, [problem]).response(status: 422)
        }
        let subject = PolicySubject.tenant(Tenant(store.tenant.description))
        switch try request.parameter("verb") {
        case "pause": try await tools.control.pause(subject, by: mandate)
        case "resume": try await tools.control.resume(subject, by: mandate)
        default: throw WebProblem(.notFound)
        }
        return .seeOther("/ops/tenants/\(store.tenant)")
    }
}

struct StoreTable: Sendable {
    let lines: [PlatformOversight.StoreLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Stores",
            headings: [
                "Store", "Name", "Plan", "Status", "Stripe", "Country", "Waits for a person", "Opened",
            ],
            rows: lines.map { line in
                [
                    Show.tenant(line.tenant.description, named: line.slug), "\(line.name)", "\(line.plan)",
                    Show.tag(line.status), Show.tag(line.stripeState), "\(line.country)",
                    line.openAttention == 0 ? .empty : Show.tag("\(line.openAttention)", "warn"),
                    Show.time(line.createdAt, now),
                ]
            }, empty: "No store matches."
        ).html
    }
}
