// The first page: where the fleet's runs stand, what waits for a person with the money at stake first, and
// what fails most. Every figure leads to the list behind it.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var overviewEndpoints: [Endpoint] { [privatePage("/ops", overview)] }

    /// Longer than any payment takes to be forwarded.
    private static let lateSeconds = 600

    private func overview(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let now = request.receivedAt
        async let census = tools.runs.census()
        async let queues = tools.control.queues()
        async let causes = tools.runs.causes(since: now.addingTimeInterval(-86_400))
        async let attention = oversight.attention()
        async let questions = openQuestions()
        async let inbox = oversight.inboxTallies()
        async let late = orders.unforwarded(longerThan: Self.lateSeconds)
        async let books = ledger.recent(limit: 1)
        async let hour = tools.pulse.hour(at: now)
        let tiles = OverviewTiles(
            census: try await census, queues: try await queues, inbox: try await inbox,
            late: try await late, books: try await books.first)
        let part = LivePart(
            "overview",
            """
            \(tiles.html)\(PulseTiles(hour: try await hour).html)\
            \(platformQuestions(try await questions, now))\
            \(AttentionTable(lines: try await attention, now: now).html)
            \(CauseTable(lines: Array(try await causes.prefix(10)), now: now).html)
            \(QueueTable(lines: try await queues).html)\(findings(try await census, now))
            """)
        var page = ConsolePage(
            request, title: "Overview", admin: admin, main: "<h1>Overview</h1>\(part.html)")
        // What waits for a person and what vendors sent move without news of runs.
        page.live = LivePage([.fleet], pace: 5, pollSeconds: 30, [part])
        page.refreshSeconds = 15
        return page.response()
    }

    private func findings(_ census: FleetCensus, _ now: Date) -> HTML {
        guard !census.findings.isEmpty else { return .empty }
        return DataTable(
            caption: "Runs that are nowhere, or in two places", headings: ["Run", "What", "Detail", "Since"],
            rows: census.findings.map {
                [Show.run($0.run), Show.tag($0.kind, "bad"), "\($0.detail)", Show.time($0.firstSeen, now)]
            }
        ).html
    }
}

struct OverviewTiles: Sendable {
    let census: FleetCensus
    let queues: [QueueLine]
    let inbox: [PlatformOversight.InboxTally]
    let late: Int
    /// The last daily comparison. The books are not added up anew here: that reads every entry there is.
    let books: LedgerReports.Report?

    var html: HTML { "<ul class=\"tiles\">\(runs + work + money)</ul>" }

    private func count(_ status: RunStatus, _ wait: WaitReason.Kind? = nil) -> String {
        let found = census.live.filter { $0.status == status && (wait == nil || $0.wait == wait) }
            .reduce(0) { $0 + $1.count }
        return census.isWhole ? "\(found)" : "\(found)+"
    }

    private var runs: [HTML] {
        var tiles = [
            tile(count(.running), "running", "/ops/runs?status=running"),
            tile(count(.pending), "ready", "/ops/runs?status=pending"),
        ]
        for kind in [WaitReason.Kind.timer, .signal, .child, .retry, .deferral] {
            tiles.append(
                tile(
                    count(.waiting, kind), "waiting: \(kind.rawValue)",
                    "/ops/runs?status=waiting&wait=\(kind.rawValue)"))
        }
        for ended in census.endedToday {
            tiles.append(
                tile(
                    ended.count.description, "\(Show.word(ended.status)), 24 h",
                    "/ops/runs?status=\(ended.status.rawValue)&since=24h",
                    isAlarm: ended.status != .cancelled && ended.count.atLeast > 0))
        }
        return tiles
    }

    private var work: [HTML] {
        let workers = queues.reduce(0) { $0 + $1.workers }
        let oldest = census.oldestReady.map { Show.duration($0) } ?? "none"
        return [
            tile(
                census.aside.description, "set aside for a person",
                "/ops/runs?status=needs_attention,poisoned", isAlarm: census.aside.atLeast > 0),
            tile(census.acceptedLastHour.description, "accepted, last hour", "/ops/runs?since=1h"),
            tile(oldest, "oldest ready run", "/ops/runs?status=pending"),
            tile("\(workers)", "workers", "/ops/queues", isAlarm: workers == 0),
        ]
    }

    private var money: [HTML] {
        let differences = books?.differences.count ?? 0
        return inbox.map { tally in
            tile(
                "\(tally.count)", "webhooks \(tally.state)", "/ops/webhooks?state=\(tally.state)",
                isAlarm: tally.state == "failed" && tally.count > 0)
        } + [
            tile(
                "\(late)", "paid, not forwarded for 10 m", "/ops/orders?view=unforwarded", isAlarm: late > 0),
            tile(
                books == nil ? "none" : "\(differences)",
                books.map { "accounts that differ, \($0.day)" } ?? "comparison of the books yet",
                "/ops/ledger", isAlarm: differences > 0),
        ]
    }

    private func tile(_ figure: String, _ words: String, _ path: String, isAlarm: Bool = false) -> HTML {
        let mark: HTML = isAlarm ? " class=\"alarm\"" : ""
        let icon: HTML = isAlarm ? "<span aria-hidden=\"true\">! </span>" : ""
        return """
            <li\(mark)><span class="figure">\(icon)\(figure)</span><a href="\(link: path)">\(words)</a></li>
            """
    }
}

struct AttentionTable: Sendable {
    let lines: [PlatformOversight.AttentionLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Waits for a person",
            headings: ["What", "Store", "Order", "At stake", "Message", "Since", "Close"],
            rows: lines.map { line in
                [
                    Show.tag(line.kind, "warn"), Show.tenant(line.tenant.description, named: line.store),
                    order(line), line.amount.map { Show.money($0) } ?? .empty, Show.words(line.message),
                    Show.time(line.openedAt, now),
                    "<a href=\"\(Console.questionPath(line.id, in: line.tenant))\">Close it</a>",
                ]
            }, empty: "Nothing waits for a person."
        ).html
    }

    private func order(_ line: PlatformOversight.AttentionLine) -> HTML {
        guard let order = line.order, let number = line.orderNumber else { return .empty }
        let path = "/ops/orders/\(line.tenant.description)/\(order.description)"
        return "<a href=\"\(path)\">#\(String(number))</a>"
    }
}
