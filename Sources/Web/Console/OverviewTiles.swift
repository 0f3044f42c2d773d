// The figures on the first page, each with its last day where that is known. What nobody notes has no line:
// how many workers there were is a matter of monitoring.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

struct OverviewTiles: Sendable {
    let census: FleetCensus
    let queues: [QueueLine]
    let shop: ShopFigures
    /// The daily comparisons, newest first. The books are not added up anew here: that reads every entry
    /// there is.
    let books: [LedgerReports.Report]
    let day: [SampleName: [Samples.Quarter]]
    let now: Date

    var html: HTML { "<ul class=\"tiles\">\((runs + work + money).map(\.html))</ul>" }

    private var runs: [Tile] {
        var tiles = [
            Tile(
                census.acceptedLastMinute.description, "started in the last minute", "/ops/runs?since=1m",
                line: line("Runs started within a minute", .accepted)),
            live(.running, nil, "running"), live(.pending, nil, "ready, the depth of the queues"),
            live(.waiting, nil, "waiting"),
        ]
        for kind in WaitReason.Kind.allCases {
            tiles.append(live(.waiting, kind, "waiting: \(kind.rawValue)"))
        }
        for ended in census.endedToday {
            let words = Show.word(ended.status)
            tiles.append(
                Tile(
                    ended.count.description, "\(words), 24 h",
                    "/ops/runs?status=\(ended.status.rawValue)&since=24h",
                    title: "Of the runs that were accepted in the last 24 hours.",
                    isAlarm: ended.status != .cancelled && ended.count.atLeast > 0,
                    line: line("Runs \(words) of 24 hours", .ended(ended.status), isBad: true)))
        }
        return tiles
    }

    private func live(_ status: RunStatus, _ wait: WaitReason.Kind?, _ words: String) -> Tile {
        let count = census.count(status, wait)
        let filter = wait.map { "&wait=\($0.rawValue)" } ?? ""
        return Tile(
            census.isWhole ? "\(count)" : "\(count)+", words, "/ops/runs?status=\(status.rawValue)\(filter)",
            line: line("Runs \(words)", .live(status, wait)))
    }

    private var work: [Tile] {
        let workers = queues.reduce(0) { $0 + $1.workers }
        return [
            Tile(
                census.aside.description, "set aside for a person",
                "/ops/runs?status=needs_attention,poisoned", isAlarm: census.aside.atLeast > 0,
                line: line("Runs set aside", .aside, isBad: true)),
            Tile(
                duration(census.oldestReady), "oldest ready run", "/ops/runs?status=pending",
                line: line("Age of the oldest ready run", .oldestReady, told: Self.told)),
            Tile(
                duration(census.oldestStep), "oldest step without an end",
                "/ops/runs?status=running,waiting",
                title: "Under way since its run's last step ended, or tried again since its first attempt; "
                    + "of the hundred runs of each kind that have stood longest.",
                line: line("Age of the oldest step without an end", .oldestStep, told: Self.told)),
            Tile(
                duration(census.stepLatency), "95 of 100 steps took at most", "/ops/health",
                title: "p95 of the last attempt of each step that ended in the last 24 hours, over the steps "
                    + "of the latest 1,000 runs; waits and sleeps are left out.",
                line: line("What 95 of 100 steps took at most", .stepLatency, told: Self.told)),
            Tile("\(workers)", "workers", "/ops/queues", isAlarm: workers == 0),
        ]
    }

    private var money: [Tile] {
        let lag = shop.inboxLag(at: now)
        let tallies = shop.inbox.map { tally in
            Tile(
                "\(tally.count)", "webhooks \(tally.state)", "/ops/webhooks?state=\(tally.state)",
                isAlarm: tally.state == "failed" && tally.count > 0,
                line: line("Webhooks \(tally.state)", .inbox(tally.state), isBad: tally.state == "failed"))
        }
        return [
            Tile(
                lag == 0 ? "none" : Self.told(lag), "lag of the inbox", "/ops/webhooks?state=received",
                title: "How long the oldest webhook that nobody has handled has been there.",
                line: line("Lag of the inbox", .inboxLag, told: Self.told))
        ] + tallies + [
            Tile(
                "\(shop.late)", "paid, not forwarded for 10 m", "/ops/orders?view=unforwarded",
                isAlarm: shop.late > 0,
                line: line("Orders paid and not forwarded for 10 m", .unforwarded, isBad: true)),
            balance,
        ]
    }

    /// The books are compared once a day, so their line is one of days.
    private var balance: Tile {
        guard let last = books.first else {
            return Tile("none", "comparison of the books yet", "/ops/ledger")
        }
        let days = books.reversed().map { report in
            // The day of a report is a date; its beginning stands for it.
            let began = (try? Date("\(report.day)T00:00:00Z", strategy: .iso8601)) ?? .distantPast
            return Samples.Quarter(began: began, value: Double(report.differences.count))
        }
        return Tile(
            Self.outOfBalance(last), "out of balance on \(last.day)", "/ops/ledger",
            title: "What accounts differ by from the vendor's balances, added up; the last daily comparison.",
            isAlarm: !last.differences.isEmpty,
            line: Sparkline(
                what: "Accounts that differed", span: "in the last \(days.count) daily comparisons",
                points: days, place: { String($0.formatted(.iso8601).prefix(10)) }, isBad: true))
    }

    private static func outOfBalance(_ report: LedgerReports.Report) -> String {
        let amounts = Dictionary(grouping: report.differences, by: \.booked.currency).map { currency, all in
            all.reduce(Money.zero(currency)) { $0 + ($1.found - $1.booked).magnitude }
        }
        guard !amounts.isEmpty else { return "0.00" }
        return amounts.sorted { $0.currency.rawValue < $1.currency.rawValue }
            .map { MoneyText.text($0, in: .english) }.joined(separator: ", ")
    }

    private func duration(_ duration: Duration?) -> String { duration.map { Show.duration($0) } ?? "none" }

    private static func told(_ seconds: Double) -> String { Show.duration(.seconds(seconds)) }

    private func line(
        _ what: String, _ name: SampleName, told: (@Sendable (Double) -> String)? = nil, isBad: Bool = false
    ) -> Sparkline {
        let points = day[name] ?? Samples.unknownDay(at: now)
        var line = Sparkline(what: what, span: Sparkline.day, points: points, isBad: isBad)
        if let told { line.told = told }
        return line
    }
}

/// A figure that leads to the list behind it.
struct Tile: Sendable {
    let figure: String
    let words: String
    let path: String
    /// What the figure is exactly, where its words do not say it all.
    let title: String?
    let isAlarm: Bool
    let line: Sparkline?

    init(
        _ figure: String, _ words: String, _ path: String, title: String? = nil, isAlarm: Bool = false,
        line: Sparkline? = nil
    ) {
        self.figure = figure
        self.words = words
        self.path = path
        self.title = title
        self.isAlarm = isAlarm
        self.line = line
    }

    var html: HTML {
        let mark: HTML = isAlarm ? " class=\"alarm\"" : ""
        let icon: HTML = isAlarm ? "<span aria-hidden=\"true\">! </span>" : ""
        let exact: HTML? = title.map { " title=\"\($0)\"" }
        return """
            <li\(mark)><span class="figure">\(icon)\(figure)</span>\
            <a href="\(link: path)"\(exact)>\(words)</a>\
            \(line?.html)</li>
            """
    }
}
