// One run: the sentence that says why it stands where it stands, what may be done about it, and everything
// on record of it, a tab each. The tab is in the address; browsers with script have the moving parts swapped
// as the run goes on, others reload it.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    func runPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        guard let file = try await file(of: try request.run()) else { throw WebProblem(.notFound) }
        return try await runPage(file, request, admin)
    }

    /// What is on record of a run, with its data sealed and its failures told.
    func file(of run: RunID) async throws -> RunFile? {
        guard let closed = try await tools.runs.detail(run) else { return nil }
        return RunFile(detail: closed, told: try await tools.opened.detail(run) ?? closed)
    }

    /// The page of a run, after a verb was refused too: then with what was typed.
    func runPage(
        _ file: RunFile, _ request: WebRequest, _ admin: Admin, tried: Verb? = nil,
        problems: [FieldError] = [], status: Int = 200
    ) async throws -> WebResponse {
        let detail = file.detail
        let run = detail.line.id
        let why = try await tools.opened.why(run)
        let now = request.receivedAt
        let order = try await order(of: detail)
        let tab = RunTab(rawValue: request.query["tab"] ?? "") ?? .timeline
        let forms = RunVerbForms(
            file: file, admin: admin, request: request, tried: tried, problems: problems)
        let head = LivePart(
            "run-head", "\(RunHead(detail: detail, why: why, now: now).html)\(orderNote(order))")
        let verbs = LivePart("run-verbs", forms.html)
        let shown = LivePart("run-\(tab.rawValue)", try await content(tab, file, order, request))
        var page = ConsolePage(
            request, title: "\(detail.line.workflow) \(Show.short(run))", admin: admin,
            main: """
                <h1>\(detail.line.workflow.rawValue) <span class="fine">\(Show.short(run))</span></h1>
                \(try await flash(run, request))\(ErrorSummary.html(problems))
                \(head.html)\(verbs.html)\(tab.bar(of: run))\(shown.html)
                """)
        let isOver = detail.line.status.isEnd
        // Steps are too many to be told of one by one; a run that works is looked at.
        page.live = LivePage(
            [.run(run.rawValue)], pollSeconds: detail.line.status == .running ? 3 : nil, isOver: isOver,
            [head, verbs, shown])
        if !isOver { page.refreshSeconds = 10 }
        return page.response(status: status)
    }

    private func orderNote(_ order: PlatformOrders.Line?) -> HTML {
        guard let order else { return .empty }
        return """
            <p>It serves order \(Show.order(order)) of \
            \(Show.tenant(order.tenant.description, named: order.store)), \(Show.money(order.total)) \
            \(OrderStatusTags(order.status).html)</p>
            """
    }

    /// What the last act came to, read from its row in the audit: an address cannot make it up.
    private func flash(_ run: RunID, _ request: WebRequest) async throws -> HTML {
        guard let number = request.query["act"].flatMap({ Int64($0) }), number > 0, number < .max else {
            return .empty
        }
        let found = try await Audit.list(
            on: run.description, before: number + 1, limit: 1, from: tools.pool)
        guard let record = found.first, record.number == number else { return .empty }
        return """
            <div class="note" role="status"><p><strong>\(record.verb)</strong> is done and in the audit as \
            row \(String(record.number)): \(record.reason)</p></div>
            """
    }

    /// The order that a run serves: through the run that it descends from, or by what its input names.
    func order(of detail: RunDetail) async throws -> PlatformOrders.Line? {
        let line = try await tools.runs.ancestors(of: detail.line.id).map(\.rawValue)
        if let found = try await orders.find(servedBy: line) { return found }
        struct Named: Decodable {
            let order: UUID?
            let checkout: UUID?
        }
        // An input that names neither is no failure: most runs serve no order.
        guard let named = try? JSONDecoder().decode(Named.self, from: Data(detail.input.bytes)),
            let id = named.order ?? named.checkout
        else { return nil }
        return try await orders.search(id.uuidString).first {
            $0.tenant.description == detail.line.tenant.rawValue.lowercased()
        }
    }

    private func content(
        _ tab: RunTab, _ file: RunFile, _ order: PlatformOrders.Line?, _ request: WebRequest
    ) async throws -> HTML {
        let now = request.receivedAt
        let detail = file.detail
        let run = detail.line.id
        switch tab {
        case .timeline:
            return RunTimeline(run: detail, now: now, view: TimelineView(request)).html
                + RunSteps(file: file, now: now).html
        case .events: return ChronicleTable(lines: try await tools.runs.chronicle(of: run)).html
        case .data: return RunData(run: detail).html
        case .money:
            guard let order, let file = try await orders.file(order.id, of: order.tenant) else {
                return "<p>This run serves no order, so no money of an order is behind it.</p>"
            }
            return OrderMoney(file: file).html + LedgerTable(entries: file.entries).html
        case .effects:
            return EffectTable(
                run: detail, calls: try await tools.runs.announcedCalls(of: run), now: now
            ).html
        case .logs:
            return RunLog(
                file: file, chronicle: try await tools.runs.chronicle(of: run),
                audit: try await Audit.list(on: run.description, limit: 200, from: tools.pool)
            ).html
        case .audit:
            return AuditTable(
                records: try await Audit.list(on: run.description, limit: 200, from: tools.pool),
                caption: "What operators did to this run"
            ).html
        }
    }
}

/// A run as the console shows it. Whoever must act needs to know what went wrong, so failures are told; what
/// went in and came out stays sealed until somebody opens it.
struct RunFile: Sendable {
    let detail: RunDetail
    let told: RunDetail

    var isSealed: Bool { detail.input != told.input }
}

/// What a run's page shows below its head.
enum RunTab: String, CaseIterable {
    case timeline, events, data, money, effects, logs, audit

    var words: String {
        switch self {
        case .timeline: "Timeline and steps"
        case .events: "Events"
        case .data: "Input and output"
        case .money: "Money"
        case .effects: "Side effects"
        case .logs: "Logs"
        case .audit: "Audit"
        }
    }

    func bar(of run: RunID) -> HTML {
        let links = Self.allCases.map { tab -> HTML in
            let mark: HTML = tab == self ? " aria-current=\"page\"" : ""
            let path = "/ops/runs/\(run)?tab=\(tab.rawValue)"
            return "<li><a href=\"\(path)\"\(mark)>\(tab.words)</a></li>"
        }
        return "<nav aria-label=\"Parts of the run\"><ul class=\"tabs\">\(links)</ul></nav>"
    }
}
