import Foundation

/// A page that is asked for again and again. The raw values are keys of the report.
enum WebPage: String, CaseIterable, Sendable {
    case bare, cached, known, uncached, checkout, runs
    case runsEndedBadly = "runs_ended_badly"
    case runsFarBack = "runs_far_back"
    case orders
    case ordersToForward = "orders_to_forward"
    case ordersFarBack = "orders_far_back"

    fileprivate var title: String {
        switch self {
        case .bare: "bare route, the same bytes"
        case .cached: "product page, warm cache"
        case .known: "product page, warm cache, with a session"
        case .uncached: "product page, uncached"
        case .checkout: "checkout, the button"
        case .runs: "runs, newest"
        case .runsEndedBadly: "runs, ended badly"
        case .runsFarBack: "runs, half way back"
        case .orders: "orders, newest"
        case .ordersToForward: "orders, to forward"
        case .ordersFarBack: "orders, half way back"
        }
    }

    /// What the 95th percentile must keep to, in milliseconds.
    fileprivate var budget: BenchTarget? {
        switch self {
        case .bare, .checkout: nil
        case .cached, .known: .atMost(200)
        case .uncached: .atMost(400)
        case .runs, .runsEndedBadly, .runsFarBack, .orders, .ordersToForward, .ordersFarBack: .below(100)
        }
    }
}

/// All rounds of the workload `web`.
struct WebResults: Sendable {
    private(set) var live: [LiveResult] = []
    private(set) var loads: [WebPage: [LoadReport]] = [:]

    mutating func add(_ live: LiveResult, _ loads: [WebPage: LoadReport]) {
        self.live.append(live)
        for (page, report) in loads { self.loads[page, default: []].append(report) }
    }
}

extension WebBench {
    private static let kilobyte = 1_000.0

    func report(_ results: WebResults, loadBefore: Double) async throws -> BenchReport {
        let pages = WebPage.allCases.flatMap { page in
            figures(of: page, results.loads[page] ?? [], beside: results.loads[.bare] ?? [])
        }
        return try await scene.report(
            .web, loadBefore: loadBefore, pages + figures(of: results.live), notes: notes)
    }

    private func figures(
        of page: WebPage, _ loads: [LoadReport], beside bare: [LoadReport]
    ) -> [BenchFigure] {
        guard !loads.isEmpty else { return [] }
        let key = page.rawValue
        var figures = [BenchFigure("\(key).rate", page.title, "requests/s", loads.map(\.rate))]
        if [.cached, .known, .uncached].contains(page) {
            figures.append(
                BenchFigure(
                    "\(key).share", "\(page.title), share of the bare route", "%",
                    zip(loads, bare).map { 100 * $0.rate / $1.rate }))
        }
        if page == .bare {
            figures.append(
                BenchFigure(
                    "\(key).size", "\(page.title), each answer", "kB",
                    loads.map { Double($0.bytes) / Double($0.requests) / Self.kilobyte }))
        }
        return figures + [
            BenchFigure("\(key).p50", "\(page.title), p50", "ms", loads.map(\.median)),
            BenchFigure("\(key).p95", "\(page.title), p95", "ms", loads.map(\.p95), page.budget),
            BenchFigure("\(key).p99", "\(page.title), p99", "ms", loads.map(\.p99)),
        ]
    }

    private func figures(of live: [LiveResult]) -> [BenchFigure] {
        [
            BenchFigure(
                "live.calm", "live streams, nothing happens, share of a core", "%", live.map(\.calmShare),
                .atMost(5)),
            BenchFigure(
                "live.busy", "live streams, runs end, share of a core", "%", live.map(\.busyShare),
                .atMost(5)),
            BenchFigure("live.memory", "live streams, the web process", "MB", live.map(\.megabytes)),
            BenchFigure("live.growth", "live streams, what they added", "MB", live.map(\.grownMegabytes)),
            BenchFigure("live.p50", "live streams, a run's end to the page, p50", "ms", live.map(\.median)),
            BenchFigure("live.p99", "live streams, a run's end to the page, p99", "ms", live.map(\.p99)),
            BenchFigure(
                "live.missed", "live streams, ends that a page was not told", "",
                live.map { Double($0.missed) }, .atMost(0)),
        ]
    }

    private var notes: [String] {
        [
            "One web process, and wrk with one thread beside it on the same machine. Connections: "
                + "\(Self.connections) for product pages, \(Self.buyers) for the checkout, "
                + "\(Self.readers) for a list.",
            "Uncached: from a process that keeps no page. With a session: the basket is counted each time.",
            "The lists are those of \(runs) runs and of \(Self.orders) orders of one store.",
            "\(Self.streams) streams of \(Self.stores) merchants: of every store a run ends every "
                + "\(Int(Self.beat.inSeconds)) s; the time is from the engine's mark at the end of the run, "
                + "before its commit, to the bytes at the page.",
        ]
    }
}
