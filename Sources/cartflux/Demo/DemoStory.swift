// What follows the first order on the same platform: each part is played as the person it is about would do
// it, and says in one line how it went, with the timelines of its runs. The first part that does not come out
// right ends the demo with an error.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation

struct DemoStory {
    private let demo: DemoPlatform

    init(_ demo: DemoPlatform) { self.demo = demo }

    func tell(after purchase: DemoPurchase) async throws {
        try await demo.within { try await tell(after: purchase, $0) }
    }

    private func tell(after purchase: DemoPurchase, _ platform: Platform) async throws {
        var summaries = [purchase.headline, try await Self.suppliers(of: purchase, platform)]
        var known = Set(try await Self.timelines(platform).map(\.run))
        let parts: [(String, () async throws -> String)] = [
            ("A merchant opens a store", { try await merchant() }),
            ("A refund", { try await DemoRefund(demo, platform, purchase).refund() }),
            ("The month is billed", { try await DemoMonth(demo, platform, purchase).bill() }),
        ]
        for (title, part) in parts {
            let summary = try await part()
            summaries.append(summary)
            let new = try await Self.timelines(platform).filter { !known.contains($0.run) }
            known.formUnion(new.map(\.run))
            print("\n== \(title)\n" + new.map(\.text).joined(separator: "\n"))
        }
        print("\n== In short\n" + summaries.joined(separator: "\n"))
    }

    private func merchant() async throws -> String {
        let opening = try await DemoMerchant(demo).open()
        var record = demo.record
        record.dashboard.merchants.append(opening.merchant)
        try record.write()
        return opening.summary
    }

    private static func timelines(_ platform: Platform) async throws -> [RunTimeline] {
        var filter = RunFilter()
        filter.limit = 200
        return try await platform.timelines(filter)
    }

    /// The order went out in parts, and every part arrived.
    private static func suppliers(
        of purchase: DemoPurchase, _ platform: Platform
    ) async throws -> String {
        let (store, order) = try await purchase.order(on: platform)
        let parts = try await platform.database.transaction(for: store) {
            try await SupplierOrders().all(of: order.id, in: $0)
        }
        guard parts.count >= 2, parts.allSatisfy({ $0.state == .delivered }) else {
            throw DemoProblem("an order of two suppliers was expected; it went out as \(parts)")
        }
        let names = parts.map {
            "\($0.adapter), warehouse \($0.warehouse) (\($0.externalIDs.joined(separator: " ")))"
        }
        return "it went out as \(parts.count) supplier orders: " + names.joined(separator: "; ")
    }
}

extension DemoPurchase {
    /// The order's own row, and whose store it is in.
    func order(on platform: Platform) async throws -> (TenantID, Order) {
        guard let store = try await Tenants(platform.database).tenant(ofSlug: store),
            let token = StatusToken(rawValue: token)
        else { throw DemoProblem("the store \(store) is gone") }
        let order = try await platform.database.transaction(for: store) {
            try await Orders().find(token: token, in: $0)
        }
        guard let order else { throw DemoProblem("the order of the first part is gone") }
        return (store, order)
    }
}

/// A run and what it did, for a terminal.
struct RunTimeline: Sendable {
    let run: RunID
    let text: String
}

extension Platform {
    /// The oldest first.
    func timelines(_ filter: RunFilter) async throws -> [RunTimeline] {
        var found: [RunTimeline] = []
        for line in try await runs.list(filter).reversed() {
            guard let detail = try await runs.detail(line.id) else { continue }
            var text = "\n\(line.workflow) \(line.id) \(line.status.rawValue)\n" + RunText.timeline(detail)
            if let why = try await runs.why(line.id), !line.status.isEnd { text += "\nnow: \(why.sentence)" }
            found.append(RunTimeline(run: line.id, text: text))
        }
        return found
    }

    /// The runs of a store and workflow, the oldest first.
    func runs(of workflow: WorkflowName, for tenant: Tenant) async throws -> [RunLine] {
        var filter = RunFilter()
        filter.workflow = workflow.rawValue
        filter.tenant = tenant
        return try await runs.list(filter).reversed()
    }

    /// False while it is under way; one that ended otherwise is an error that says why.
    func hasSucceeded(_ run: RunID) async throws -> Bool {
        guard let report = try await runs.report(run) else { throw DemoProblem("there is no run \(run)") }
        guard report.status.isEnd else { return false }
        guard report.status == .succeeded else {
            throw DemoProblem(
                "\(report.workflow) \(run) ended as \(report.status.rawValue): "
                    + (report.failure?.message ?? "without a reason"))
        }
        return true
    }
}
