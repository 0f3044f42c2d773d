// What an open page can listen to. A topic names what may have changed and never how: the page then asks
// for what it shows, with its own rights. Whether somebody may listen to a topic is the face's to say.

import Commerce
import Foundation

package enum LiveTopic: Hashable, Sendable {
    /// Any run of the platform.
    case fleet
    case run(UUID)
    /// Any run of one store.
    case store(TenantID)

    /// As it stands in an address.
    package var text: String {
        switch self {
        case .fleet: "fleet"
        case .run(let id): "run:\(id.uuidString.lowercased())"
        case .store(let tenant): "store:\(tenant)"
        }
    }

    /// Nil for what names nothing that can be listened to.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("fleet", 1): self = .fleet
        case ("run", 2):
            guard let id = UUID(uuidString: String(parts[1])) else { return nil }
            self = .run(id)
        case ("store", 2):
            // What is no id is nobody's store.
            guard let tenant = try? TenantID(parsing: String(parts[1])) else { return nil }
            self = .store(tenant)
        default: return nil
        }
    }

    /// The most topics of one page.
    package static let limit = 8

    /// The topics that a request names, as in `?topics=fleet,run:ID`. Throws `.notFound` where one is none.
    package static func named(by request: WebRequest) throws(WebProblem) -> Set<LiveTopic> {
        let words = (request.query["topics"] ?? "").split(separator: ",")
        let topics = Set(words.compactMap { LiveTopic(String($0)) })
        guard !topics.isEmpty, topics.count == words.count, topics.count <= limit else {
            throw WebProblem(.notFound, "no such topics")
        }
        return topics
    }
}

/// That a run changed, as the fleet tells it.
package struct LiveNews: Sendable, Hashable {
    package let run: UUID
    package let tenant: TenantID?

    package init(run: UUID, tenant: TenantID?) {
        self.run = run
        self.tenant = tenant
    }

    var topics: [LiveTopic] {
        [.fleet, .run(run)] + (tenant.map { [.store($0)] } ?? [])
    }
}
