// What runs have done, for those who must tell it later: a dispute is answered with what was recorded while
// the order was served.

import Durable
import Fleet
import FoundationEssentials

/// One thing that a run did.
package struct RunEvent: Codable, Sendable, Hashable {
    package let step: String
    package let item: String
    package let at: Date

    package init(step: String, item: String, at: Date) {
        self.step = step
        self.item = item
        self.at = at
    }
}

package protocol RunHistory: Sendable {
    /// What a run and its children have finished, oldest first. Empty for a run that nobody remembers.
    func events(of run: RunID) async throws -> [RunEvent]
}

extension Runs: RunHistory {
    package func events(of run: RunID) async throws -> [RunEvent] {
        guard let detail = try await detail(run) else { return [] }
        var events = detail.steps.filter { !$0.hasFailed }.map {
            RunEvent(step: $0.key.name, item: $0.key.item, at: $0.endedAt)
        }
        for child in detail.children {
            events +=
                try await self.detail(child.id)?.steps.filter { !$0.hasFailed }.map {
                    RunEvent(
                        step: "\(child.workflow.rawValue).\($0.key.name)", item: $0.key.item, at: $0.endedAt)
                } ?? []
        }
        return events.sorted { ($0.at, $0.step) < ($1.at, $1.step) }
    }
}
