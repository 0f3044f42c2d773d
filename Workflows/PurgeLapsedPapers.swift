// What the law kept after its owner was gone goes when its time is over, for everybody and without being
// asked: the documents of invoices five years after the July that follows their year. Once a month is often
// enough for limits that are counted in years.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Removes papers whose time is over, in all stores.
package struct PurgeLapsedPapers: Workflow {
    package static let name: WorkflowName = "purge_lapsed_papers"

    package enum Step: String, WorkflowStep { case purge }

    package struct Input: Codable, Sendable {
        package let at: Date
        package init(at: Date) { self.at = at }
    }

    /// How many were removed.
    package typealias Output = Int

    /// Of one run; what is left over goes with the next.
    private static let rounds = 1_000

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        var removed = 0
        for round in 1...Self.rounds {
            let bite = try await flow.step(.purge, for: round) { _ in
                try await LapsedPapers(shop.database).purge(at: input.at)
            }
            removed += bite
            if bite == 0 { break }
        }
        return removed
    }
}

extension PurgeLapsedPapers: Scheduled {
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("purge_lapsed_papers", .cron("20 5 2 * *"), in: "Europe/Bucharest")]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input { Input(at: firing.nominal) }
}
