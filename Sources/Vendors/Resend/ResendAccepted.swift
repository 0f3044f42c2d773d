// The list of what was accepted: the only way to find a message whose identifier was lost with its answer. It
// shows neither our key nor our tags, so a message is known by its recipient, its subject and its time.

import FoundationEssentials
import VendorHTTP

/// A line of the list.
package struct ResendAccepted: Sendable, Equatable {
    package typealias ID = ResendMessage.ID

    package let id: ID
    package let recipients: [String]
    package let subject: String
    package let acceptedAt: Date

    init(_ json: JSON) throws(JSONMismatch) {
        id = ID(rawValue: try json.needText("id"))
        recipients = json["to"].elements.compactMap(\.string)
        subject = json["subject"].string ?? ""
        acceptedAt = try json.need("created_at") { $0.string.flatMap(Self.instant) }
    }

    /// `2026-04-03T22:13:42.674981+00:00`, also with a space in the middle; always UTC. Whole seconds are
    /// enough to order messages by the minute.
    private static func instant(_ text: String) -> Date? {
        let whole = text.prefix(19).replacing(" ", with: "T")
        // A text that is no instant is reported as the missing member.
        return try? Date(whole + "Z", strategy: .iso8601)
    }
}

/// A page of the list.
package struct ResendPage: Sendable, Equatable {
    package let messages: [ResendAccepted]
    package let hasMore: Bool

    init(_ json: JSON) throws(JSONMismatch) {
        var found: [ResendAccepted] = []
        for element in json["data"].elements { found.append(try ResendAccepted(element)) }
        messages = found
        hasMore = json["has_more"].bool ?? false
    }
}
