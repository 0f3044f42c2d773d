import Durable
import Foundation

/// Who a worker process is and what it can run, as the `worker` table shows it.
package struct WorkerIdentity: Sendable {
    let id: UUID
    let host: String
    let process: Int32
    let queue: String
    let slots: Int32
    let workflows: [String]
    let lowestVersions: [Int32]
    let highestVersions: [Int32]
    /// The master keys known here: runs that are sealed under another are left to other workers.
    let masters: [String]

    init(
        queue: String, slots: Int, registry: WorkflowRegistry, masters: MasterKeys? = nil, id: UUID = UUID()
    ) {
        self.id = id
        host = ProcessInfo.processInfo.hostName
        process = ProcessInfo.processInfo.processIdentifier
        self.queue = queue
        self.slots = Int32(clamping: slots)
        workflows = registry.names.map(\.rawValue)
        let ranges = registry.versions
        lowestVersions = ranges.map { Int32(clamping: $0.lowerBound) }
        highestVersions = ranges.map { Int32(clamping: $0.upperBound) }
        self.masters = masters?.names ?? []
    }
}
