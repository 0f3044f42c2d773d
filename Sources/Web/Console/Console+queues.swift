// Queues and workers: what is ready, who works, and what operators have decided about dispatch.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var queueEndpoints: [Endpoint] {
        [
            privatePage("/ops/queues") { request, admin in
                try await queuesPage(request, admin, []).response()
            },
            privateForm("/ops/queues/pause", may: .operate) { request, admin in
                try await dispatch(request, admin) { try await tools.control.pause($0, by: $1) }
            },
            privateForm("/ops/queues/resume", may: .operate) { request, admin in
                try await dispatch(request, admin) { try await tools.control.resume($0, by: $1) }
            },
        ]
    }

    private func queuesPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let queues = try await tools.control.queues()
        let workers = try await tools.control.workers()
        let policies = try await tools.control.policies()
        let depths = LivePart("queues", QueueTable(lines: queues).html)
        let rest = LivePart(
            "workers",
            """
            \(WorkerTable(lines: workers, now: request.receivedAt).html)\
            \(PolicyTable(lines: policies, now: request.receivedAt).html)
            """)
        var page = ConsolePage(
            request, title: "Queues and workers", admin: admin,
            main: """
                <h1>Queues and workers</h1>\(ErrorSummary.html(problems))\(depths.html)\
                \(forms(request, admin, problems))\(rest.html)\
                <p>What vendors allow, and who waits for it, is at \
                <a href="/ops/suppliers">Suppliers</a>.</p>
                """)
        // Workers come and go without news of runs.
        page.live = LivePage([.fleet], pace: 2, pollSeconds: 15, [depths, rest])
        return page
    }

    private func forms(_ request: WebRequest, _ admin: Admin, _ problems: [FieldError]) -> HTML {
        guard admin.role.may(.operate) else { return .empty }
        let tried = request.method == "POST" ? request.path : ""
        return """
            <section><h2>Decide about dispatch</h2><div class="verbs">\
            \(form(request, "pause", "Pause", tried, problems))\
            \(form(request, "resume", "Resume", tried, problems))</div></section>
            """
    }

    private func form(
        _ request: WebRequest, _ verb: String, _ title: String, _ tried: String, _ problems: [FieldError]
    ) -> HTML {
        let path = "/ops/queues/\(verb)"
        let wasSent = tried == path
        let entries = [
            Entry(
                "kind", "What", choices: ["queue", "workflow", "tenant"].map { ($0, $0.capitalized) },
                id: "\(verb)-kind"),
            Entry("name", "Its name", hint: "A tenant's is its id.", id: "\(verb)-name"),
            Entry("reason", "Why", hint: "Kept in the audit.", id: "\(verb)-reason"),
        ].map { $0.html(request, wasSent ? problems : [], wasSent: wasSent) }
        let open: HTML = wasSent ? " open" : ""
        let words =
            verb == "pause"
            ? "Nothing more is given out. What is under way goes on to its next wait."
            : "Goes on where a pause stopped."
        return """
            <details\(open)><summary>\(title)</summary>\
            <form method="post" action="\(path)" class="stack">\(request.tokenField)\
            <p class="fine">\(words)</p>\(entries)<p><button>\(title)</button></p></form></details>
            """
    }

    private func dispatch(
        _ request: WebRequest, _ admin: Admin, _ body: (PolicySubject, Mandate) async throws -> Void
    ) async throws -> WebResponse {
        let name = request.form["name"] ?? ""
        var problems: [FieldError] = []
        if name.isEmpty || name.count > 200 { problems.append(FieldError("name", "Name what you mean.")) }
        guard let mandate = mandate(request, admin) else {
            problems.append(FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it."))
            return try await queuesPage(request, admin, problems).response(status: 422)
        }
        guard problems.isEmpty else {
            return try await queuesPage(request, admin, problems).response(status: 422)
        }
        let subject: PolicySubject =
            switch request.form["kind"] {
            case "workflow": .workflow(WorkflowName(rawValue: name))
            case "tenant": .tenant(Tenant(name))
            default: .queue(name)
            }
        try await body(subject, mandate)
        return .seeOther("/ops/queues")
    }
}

struct QueueTable: Sendable {
    let lines: [QueueLine]

    var html: HTML {
        DataTable(
            caption: "Queues",
            headings: [
                "Queue", "State", "Ready", "Leased", "Timers", "Stores", "Held back", "Workers", "Slots",
            ],
            rows: lines.map { line in
                [
                    "\(line.name)", state(line), number(line.depth?.ready), number(line.depth?.leased),
                    number(line.depth?.due), number(line.depth?.tenants), number(line.depth?.tenantsAside),
                    "\(line.workers)", "\(line.slots)",
                ]
            }, empty: "No queue has a worker or a policy yet."
        ).html
    }

    private func state(_ line: QueueLine) -> HTML {
        guard let depth = line.depth else { return Show.tag("Redis does not answer", "bad") }
        if line.isPaused {
            return "\(Show.tag("paused", "warn")) by \(line.pausedBy ?? "?"): \(line.reason ?? "")"
        }
        return depth.isWhole ? Show.tag("open", "good") : Show.tag("being rebuilt", "warn")
    }

    private func number(_ value: Int?) -> HTML { value.map { "\($0)" } ?? "?" }
}

struct WorkerTable: Sendable {
    let lines: [WorkerLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Workers",
            headings: [
                "Worker", "State", "Queue", "Running", "Slots", "Started", "Lease until", "Workflows",
            ],
            rows: lines.map { line in
                [
                    "\(line.host):\(line.process)",
                    !line.isAlive
                        ? Show.tag("silent", "bad")
                        : line.isDraining ? Show.tag("draining", "warn") : Show.tag("working", "good"),
                    "\(line.queue)", "\(line.running)", "\(line.slots)", Show.time(line.startedAt, now),
                    Show.time(line.leaseUntil, now), "\(line.workflows.count)",
                ]
            }, empty: "No worker is known."
        ).html
    }
}

struct PolicyTable: Sendable {
    let lines: [PolicyLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Decisions in force",
            headings: ["What", "Name", "Weight", "Cap", "State", "Who", "Why", "Since"],
            rows: lines.map { line in
                [
                    "\(line.subject.kind)", "\(line.subject.name)",
                    line.weight.map { HTML(text: "\($0)") } ?? .empty, line.cap.map { "\($0)" } ?? "none",
                    line.isPaused ? Show.tag("paused", "warn") : Show.tag("open"), "\(line.actor)",
                    "\(line.reason)", Show.time(line.changedAt, now),
                ]
            }, empty: "Nothing differs from weight 1 and no cap."
        ).html
    }
}
