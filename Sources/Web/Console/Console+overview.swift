// The first page: where the fleet's runs stand, what waits for a person with the money at stake first, and
// what fails most. Every figure leads to the list behind it.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var overviewEndpoints: [Endpoint] { [privatePage("/ops", overview)] }

    private func overview(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let now = request.receivedAt
        async let tiles = panel("Figures", request) { try await self.tiles(now).html }
        async let questions = panel("Questions", request) {
            platformQuestions(try await openQuestions(), now)
        }
        async let attention = panel("What waits for a person", request) {
            AttentionTable(lines: try await oversight.attention(), now: now).html
        }
        async let causes = panel("Failures by cause", request) {
            let causes = try await tools.runs.causes(since: now.addingTimeInterval(-86_400))
            return CauseTable(lines: Array(causes.prefix(10)), now: now).html
        }
        async let queues = panel("Queues", request) {
            QueueTable(lines: try await tools.control.queues()).html
        }
        async let findings = panel("Findings", request) {
            findingsTable(try await tools.runs.findings(), now)
        }
        let part = LivePart(
            "overview",
            """
            \(await tiles)\(await questions)\(await attention)\(await causes)\(await queues)\
            \(await findings)
            """)
        var page = ConsolePage(
            request, title: "Overview", admin: admin, main: "<h1>Overview</h1>\(part.html)")
        // What waits for a person and what vendors sent move without news of runs.
        page.live = LivePage([.fleet], pace: 5, pollSeconds: 30, [part])
        page.refreshSeconds = 15
        return page.response()
    }

    private func tiles(_ now: Date) async throws -> OverviewTiles {
        async let census = tools.runs.census()
        async let queues = tools.control.queues()
        async let shop = ShopFigures.read(oversight, orders)
        async let books = ledger.recent(limit: 30)
        async let day = Samples(tools.pool).lastDay(at: now)
        return OverviewTiles(
            census: try await census, queues: try await queues, shop: try await shop,
            books: try await books, day: try await day, now: now)
    }

    private func findingsTable(_ lines: [InvariantLine], _ now: Date) -> HTML {
        guard !lines.isEmpty else { return .empty }
        return DataTable(
            caption: "Runs that are nowhere, or in two places", headings: ["Run", "What", "Detail", "Since"],
            rows: lines.map {
                [Show.run($0.run), Show.tag($0.kind, "bad"), "\($0.detail)", Show.time($0.firstSeen, now)]
            }
        ).html
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
