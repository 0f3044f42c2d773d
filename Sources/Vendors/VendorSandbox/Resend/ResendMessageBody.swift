import Foundation

// Checking a message before it is accepted, in Resend's order and words.

/// A checked message.
struct ResendMessageBody: Sendable {
    private static let recipientLimit = 50
    private static let tagLimit = 256
    private static let longestSchedule: TimeInterval = 30 * 86_400

    let json: JSON
    let recipients: [String]
    let scheduledAt: Date?

    /// The domain of the sender's address.
    var domain: String {
        let address = Self.address(json["from"].string ?? "") ?? ""
        return String(address.drop { $0 != "@" }.dropFirst())
    }

    init(_ json: JSON, isBatch: Bool, now: Date) throws(ResendProblem) {
        guard case .object = json else { throw .invalid("The message must be an object.") }
        for field in ["from", "to", "subject"] where json[field].isNull { throw .missing(field) }
        guard Self.address(json["from"].string ?? "") != nil else {
            throw ResendProblem(
                422, "invalid_from_address",
                "Invalid `from` field. The email address needs to follow the `email@example.com` or "
                    + "`Name <email@example.com>` format.")
        }
        recipients = Self.list(json["to"])
        guard (1...Self.recipientLimit).contains(recipients.count) else {
            throw .invalid("The `to` field must hold 1 to 50 addresses.")
        }
        for field in ["to", "cc", "bcc", "reply_to"] {
            guard Self.list(json[field]).allSatisfy({ Self.address($0) != nil }) else {
                throw .invalid("Invalid `\(field)` field.")
            }
        }
        if json["html"].isNull, json["text"].isNull, json["template"].isNull {
            throw .invalid("Missing `html` or `text` field.")
        }
        try Self.checkTags(json["tags"])
        try Self.checkAttachments(json["attachments"], isBatch: isBatch)
        scheduledAt = try Self.schedule(json["scheduled_at"], isBatch: isBatch, now: now)
        self.json = json
    }

    /// One address or several.
    static func list(_ json: JSON) -> [String] { json.string.map { [$0] } ?? json.array.compactMap(\.string) }

    /// The bare address in `Name <a@b.c>` or `a@b.c`; nil when there is none.
    static func address(_ text: String) -> String? {
        var bare = text[...]
        if let open = text.lastIndex(of: "<") {
            guard text.hasSuffix(">") else { return nil }
            bare = text[text.index(after: open)...].dropLast()
        }
        let halves = bare.split(separator: "@", omittingEmptySubsequences: false)
        let isAddress =
            halves.count == 2 && !halves[0].isEmpty && halves[1].contains(".")
            && !bare.contains { $0.isWhitespace || $0 == "," }
        return isAddress ? bare.lowercased() : nil
    }

    private static func checkTags(_ tags: JSON) throws(ResendProblem) {
        for tag in tags.array {
            for text in [tag["name"].string ?? "", tag["value"].string ?? ""] {
                let isPlain = text.utf8.allSatisfy { byte in
                    let character = Character(Unicode.Scalar(byte))
                    return character.isASCII
                        && (character.isLetter || character.isNumber || "_-".contains(character))
                }
                guard !text.isEmpty, text.utf8.count <= tagLimit, isPlain else {
                    throw .invalid(
                        "Tags should only contain ASCII letters, numbers, underscores, or dashes.")
                }
            }
        }
    }

    private static func checkAttachments(_ attachments: JSON, isBatch: Bool) throws(ResendProblem) {
        guard !isBatch || attachments.array.isEmpty else {
            throw .invalid("The `attachments` field is not supported in batches.")
        }
        for attachment in attachments.array {
            let content = attachment["content"]
            let bytes = content.string.map { Data(base64Encoded: $0) != nil } ?? !content.array.isEmpty
            guard bytes || attachment["path"].string != nil else {
                throw ResendProblem(
                    422, "invalid_attachment", "Attachment must have either a `content` or `path`.")
            }
        }
    }

    private static func schedule(_ json: JSON, isBatch: Bool, now: Date) throws(ResendProblem) -> Date? {
        guard let text = json.string else { return nil }
        guard !isBatch else { throw .invalid("The `scheduled_at` field is not supported in batches.") }
        // A text that is no instant is refused below like one that is too far away.
        let exact = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        guard let moment = exact ?? (try? Date(text, strategy: .iso8601)),
            moment <= now.addingTimeInterval(longestSchedule)
        else { throw .invalid("Invalid `scheduled_at` field.") }
        return moment
    }
}
