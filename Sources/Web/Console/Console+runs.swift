// Runs as a list that any question can be asked of, and the one search for whatever somebody quotes: an
// order's number leads to the sentence that says why it stands where it stands, at once.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var runEndpoints: [Endpoint] {
        [
            privatePage("/ops/runs", runList),
            privatePage("/ops/search", search),
            privatePage("/ops/runs/{run}", runPage),
            privateForm("/ops/runs/{run}/{verb}", may: .look, act),
        ]
    }

    // MARK: The list

    private static let pageSize = 50

    private func runList(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let query = RunQuery(now: request.receivedAt) { request.query[$0] }
        let kept = try await savedViews.all(of: admin.id)
        guard query.problems.isEmpty else {
            return runListPage(
                request, admin, query, kept: kept, nothing: ErrorSummary.html(query.problems)
            ).response(status: 422)
        }
        var filter = query.filter
        filter.limit = Self.pageSize
        let lines = try await tools.runs.list(filter)
        let count = try await counted(query.filter.withoutPlace)
        let hits = try await orderHits(query.filter.text, request)
        return runListPage(request, admin, query, lines, count, hits, kept: kept).response()
    }

    /// Exact as far as counting goes, and then about.
    private func counted(_ filter: RunFilter) async throws -> String {
        let count = try await tools.runs.count(filter)
        if count.isExact { return count.description }
        let guess = max(count.atLeast, try await tools.runs.estimate(filter)) / 100 * 100
        return "~" + guess.formatted(.number.locale(Locale(identifier: "en_US")))
    }

    private func runListPage(
        _ request: WebRequest, _ admin: Admin, _ query: RunQuery, _ lines: [RunLine] = [],
        _ count: String? = nil, _ hits: HTML = .empty, kept: [AdminViews.View],
        nothing: HTML = .empty
    ) -> ConsolePage {
        let views = ViewLinks(kept: kept, words: query.words, request: request).html
        let last = lines.count == Self.pageSize ? lines.last.map { ["before": $0.id.description] } : nil
        let counted: HTML? = count.map {
            "<span>\($0) runs: \(query.filter.withoutPlace.description)</span>"
        }
        let bulk: HTML? =
            admin.role.may(.operate) && !lines.isEmpty
            ? """
            <a href="\(PageAddress("/ops/bulk/order", query.words).with([:]))">Act on all of them</a>
            """ : nil
        let list = LivePart("run-list", RunTable(lines: lines, now: request.receivedAt).html, kind: .list)
        let foot = LivePart(
            "run-pager",
            "<p class=\"pager\">\(counted)\(Pager(request: request, last: last).html)\(bulk)</p>")
        var page = ConsolePage(
            request, title: "Runs", admin: admin,
            main: """
                <h1>Runs</h1>\(views)\(filterForm(request, query))\(nothing)\(hits)
                \(list.html)\(foot.html)
                """)
        if query.problems.isEmpty { page.live = LivePage([.fleet], pace: 2, [list, foot]) }
        return page
    }

    private func filterForm(_ request: WebRequest, _ query: RunQuery) -> HTML {
        let entries = [
            Entry("q", "Id, key or order", id: "filter-q"),
            Entry("status", "Status", choices: RunQuery.groups), Entry("workflow", "Workflow"),
            Entry("version", "Version"), Entry("tenant", "Store (id)"),
            Entry("wait", "Waits for", choices: RunQuery.waits),
            Entry("attempts", "Attempts, at least"), Entry("label", "Label", hint: "name=value"),
            Entry("fingerprint", "Cause"),
            Entry("since", "Since", hint: "12h, 7d, 2026-11-23 03:00"), Entry("until", "Until"),
        ]
        return """
            <form method="get" action="/ops/runs" class="filters panel">\
            \(entries.map { $0.html(request, query.problems) })<div><button>Filter</button></div></form>
            """
    }

    // MARK: The search

    private static let whyLimit = 10

    private func search(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let text = (request.query["q"] ?? "").trimmingCharacters(in: .whitespaces)
        guard (1...200).contains(text.count) else {
            return searchPage(request, admin, "<p>Type what you know of it.</p>")
        }
        if let id = RunID(text), try await tools.runs.detail(id) != nil {
            return .seeOther("/ops/runs/\(id)")
        }
        var filter = RunFilter()
        filter.text = text
        filter.limit = 10
        let hits = try await orderHits(text, request)
        let runs = try await tools.runs.list(filter)
        let isNumber = text.allSatisfy { $0.isNumber || $0 == "#" }
        let stores = isNumber ? [] : try await oversight.stores(matching: text, limit: 10)
        let events = isNumber ? [] : try await oversight.inbox(subject: text, limit: 10)
        var parts = hits
        if !runs.isEmpty { parts = parts + RunTable(lines: runs, now: request.receivedAt).html }
        if !stores.isEmpty { parts = parts + StoreTable(lines: stores, now: request.receivedAt).html }
        if !events.isEmpty { parts = parts + InboxTable(lines: events, now: request.receivedAt).html }
        if parts == .empty {
            parts = """
                <p>Nothing is called <q>\(text)</q>. An order goes by its number, a run by its id or key, a \
                payment by its PaymentIntent, a buyer by the whole address, a store by its name.</p>
                """
        }
        return searchPage(request, admin, parts)
    }

    private func searchPage(_ request: WebRequest, _ admin: Admin, _ found: HTML) -> WebResponse {
        ConsolePage(request, title: "Search", admin: admin, main: "<h1>Search</h1>\(found)").response()
    }

    /// The orders that a text may mean, each with the run that decides where it stands, and why.
    private func orderHits(_ text: String?, _ request: WebRequest) async throws -> HTML {
        guard let text else { return .empty }
        let found = try await orders.search(text)
        guard !found.isEmpty else { return .empty }
        var rows: [[HTML]] = []
        for (place, order) in found.enumerated() {
            let reason = place < Self.whyLimit ? try await reason(of: order) : "<span>open the order</span>"
            rows.append([
                Show.order(order), Show.tenant(order.tenant.description, named: order.store),
                Show.money(order.total), OrderStatusTags(order.status).html,
                Show.time(order.placedAt, request.receivedAt), reason,
            ])
        }
        return DataTable(
            caption: "Orders",
            headings: ["Order", "Store", "Total", "Status", "Placed", "Why it stands there"],
            rows: rows
        ).html
    }

    private func reason(of order: PlatformOrders.Line) async throws -> HTML {
        guard let id = order.run else { return "<span>No run serves it yet.</span>" }
        let family = try await tools.runs.family(
            of: [RunID(rawValue: id)], startedWith: [], for: Tenant(order.tenant.description))
        guard let run = Trouble.pick(family) else {
            return "<span>Its run is not on record any more.</span>"
        }
        let why = try await tools.opened.why(run.id)
        return """
            <a href="/ops/runs/\(run.id.description)">\(run.workflow.rawValue)</a> \
            \(Show.status(run.status)) \
            \(why?.sentence ?? "")
            """
    }
}

extension RunFilter {
    /// The same question about the whole list.
    var withoutPlace: RunFilter {
        var whole = self
        whole.before = nil
        return whole
    }
}

/// Which run of several says where the matter stands: one that a person must look at, before one that is
/// under way, before one that is done; and of alike ones the latest, which is the deepest.
enum Trouble {
    static func pick(_ runs: [RunLine]) -> RunLine? {
        runs.max { (rank($0.status), $0.id) < (rank($1.status), $1.id) }
    }

    private static func rank(_ status: RunStatus) -> Int {
        switch status {
        case .needsAttention: 7
        case .poisoned: 6
        case .failed: 5
        case .running: 4
        case .pending: 3
        case .waiting: 2
        case .cancelled: 1
        case .succeeded: 0
        }
    }
}

struct RunTable: Sendable {
    var caption = "Runs"
    let lines: [RunLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: caption,
            headings: ["Run", "Status", "Workflow", "Store", "Accepted", "Waits for, or failed with"],
            rows: lines.map { line in
                [
                    Show.run(line.id), Show.status(line.status),
                    "\(line.workflow.rawValue) <span class=\"fine\">v\(line.version)</span>",
                    Show.tenant(line.tenant.rawValue), Show.time(line.createdAt, now), note(line),
                ]
            }, ids: lines.map { "run-\($0.id)" }, empty: "No runs match."
        ).html
    }

    private func note(_ line: RunLine) -> HTML {
        if let failure = line.failure {
            return "\(Show.words(failure.message)) <span class=\"fine\">\(failure.code)</span>"
        }
        guard let wait = line.waitReason else { return .empty }
        let attempt = wait.attempt.map { ", attempt \($0)" } ?? ""
        return "\(wait.kind.rawValue) \(wait.step)\(attempt)"
    }
}

struct OrderStatusTags: Sendable {
    let status: OrderStatus

    init(_ status: OrderStatus) { self.status = status }

    var html: HTML {
        var tags = [
            Show.tag(status.payment.rawValue), Show.tag(status.fulfilment.rawValue),
            Show.tag("invoice \(status.invoice.rawValue)"),
        ]
        if status.attention.rawValue != "none" { tags.append(Show.tag(status.attention.rawValue, "warn")) }
        if status.isDisputed { tags.append(Show.tag("disputed", "bad")) }
        return HTML(trusted: tags.map(\.markup).joined(separator: " "))
    }
}
