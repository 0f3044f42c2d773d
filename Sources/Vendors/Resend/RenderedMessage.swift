// A message as the bytes that will travel. They are made once and kept with the job: the idempotency
// check compares the payload, so rendering again after a deploy, with one comma moved, would be refused.

import Commerce
import VendorHTTP

/// The body of one `POST /emails`, ready to be stored and sent.
package struct RenderedMessage: Sendable, Equatable {
    /// Resend's limit for a whole message, after base64.
    package static let sizeLimit = 40 << 20

    /// The JSON text; keep it as it is.
    package let text: String

    /// A text that was rendered before.
    package init(text: String) {
        self.text = text
    }

    /// Renders a message. The same arguments give the same bytes.
    package init(_ message: OutgoingMessage) {
        let json = JSON.object(present: [
            ("from", .string(message.sender)),
            ("to", .array(message.recipients.map { .string($0.rawValue) })),
            ("reply_to", message.replyTo.map { .string($0.rawValue) }),
            ("subject", .string(message.subject)),
            ("html", .string(message.html)),
            ("text", .string(message.text)),
            ("headers", Self.headers(message)),
            ("tags", Self.tags(message)),
            ("attachments", Self.attachments(message)),
        ])
        text = String(decoding: json.bytes, as: UTF8.self)
    }

    private static func headers(_ message: OutgoingMessage) -> JSON? {
        guard !message.headers.isEmpty else { return nil }
        let sorted = message.headers.sorted { $0.key < $1.key }
        return .object(sorted.map { JSON.Member($0.key, .string($0.value)) })
    }

    private static func tags(_ message: OutgoingMessage) -> JSON? {
        guard !message.tags.isEmpty else { return nil }
        let sorted = message.tags.sorted { $0.key < $1.key }
        return .array(sorted.map { ["name": .string($0.key), "value": .string(tagText($0.value))] })
    }

    /// Tags hold ASCII letters, digits, _ and - only; anything else would refuse the whole message.
    private static func tagText(_ text: String) -> String {
        String(
            text.prefix(256).map { character in
                let isPlain = character.isASCII && (character.isLetter || character.isNumber)
                return isPlain || character == "_" || character == "-" ? character : "_"
            })
    }

    private static func attachments(_ message: OutgoingMessage) -> JSON? {
        guard !message.attachments.isEmpty else { return nil }
        return .array(
            message.attachments.map { attachment in
                [
                    "filename": .string(attachment.name),
                    "content": .string(Base64.text(attachment.content)),
                    "content_type": .string(attachment.contentType),
                ]
            })
    }
}

extension RenderedMessage: Codable {
    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A message before it is rendered.
package struct OutgoingMessage: Sendable, Equatable {
    package struct Attachment: Sendable, Equatable {
        package let name: String
        package let contentType: String
        package let content: [UInt8]

        package init(name: String, contentType: String, content: [UInt8]) {
            self.name = name
            self.contentType = contentType
            self.content = content
        }
    }

    /// `Casa Exemplu <comenzi@mail.cartflux.example>`, made by `sender(_:at:)`.
    package let sender: String
    package let recipients: [EmailAddress]
    package let subject: String
    package let html: String
    package let text: String
    package var replyTo: EmailAddress?
    package var headers: [String: String] = [:]
    package var tags: [String: String] = [:]
    package var attachments: [Attachment] = []

    package init(sender: String, recipients: [EmailAddress], subject: String, html: String, text: String) {
        precondition((1...50).contains(recipients.count), "a message has 1 to 50 recipients")
        self.sender = sender
        self.recipients = recipients
        self.subject = subject.oneLine
        self.html = html
        self.text = text
    }

    /// A store's name in front of an address of a verified domain; quoted, so that no name can add an
    /// address.
    package static func sender(_ name: String, at address: EmailAddress) -> String {
        let plain = name.oneLine.filter { !"\"\\<>".contains($0) }
        return "\"\(plain)\" <\(address.rawValue)>"
    }
}

extension String {
    /// Without line breaks, which would start another header.
    fileprivate var oneLine: String { String(map { $0.isNewline ? " " : $0 }) }
}
