import Foundation

// The messages that were accepted, what happened to each, and who hears of it. The recipient's address
// decides the outcome, as Resend's own test addresses do.

/// The state of the Resend sandbox.
struct ResendWorld: Sendable {
    var now = Date()
    private(set) var emails: [ResendEmail] = []
    private var positions: [String: Int] = [:]
    /// The messages that wait for their hour.
    private var waiting: Set<String> = []
    private(set) var webhooks: [ResendWebhookEndpoint] = []
    /// Senders of these domains are refused.
    var unverifiedDomains: Set<String> = []
    /// When false a message stays accepted until a lever says what became of it.
    var deliversByItself = true
    /// What happened and was not told yet.
    var outbox: [(email: ResendEmail, type: String)] = []

    func email(_ id: String) throws(ResendProblem) -> ResendEmail {
        guard let position = positions[id] else { throw .notFound }
        return emails[position]
    }

    mutating func checkSender(_ message: ResendMessageBody) throws(ResendProblem) {
        guard !unverifiedDomains.contains(message.domain) else {
            throw ResendProblem(
                403, "validation_error",
                "The \(message.domain) domain is not verified. Please, add and verify your domain.")
        }
    }

    /// Accepts a message and, unless it waits for its hour, lets it go.
    mutating func accept(_ message: ResendMessageBody, key: String?) -> ResendEmail {
        let email = ResendEmail(
            id: UUID().uuidString.lowercased(), at: now, message: message.json,
            recipients: message.recipients, scheduledAt: message.scheduledAt.flatMap { $0 > now ? $0 : nil },
            idempotencyKey: key)
        positions[email.id] = emails.count
        emails.append(email)
        if email.scheduledAt == nil {
            release(email.id)
        } else {
            waiting.insert(email.id)
            note("scheduled", on: email.id)
        }
        return email
    }

    /// Sends what is due.
    mutating func releaseDue() {
        let due = waiting.compactMap { positions[$0].map { emails[$0] } }
            .filter { ($0.scheduledAt ?? now) <= now }.sorted { $0.at < $1.at }
        for email in due { release(email.id) }
    }

    /// The next moment at which something is due.
    var nextDue: Date? { waiting.compactMap { positions[$0].flatMap { emails[$0].scheduledAt } }.min() }

    /// Records what happened to a message.
    mutating func note(_ type: String, on id: String) {
        guard let position = positions[id] else { return }
        emails[position].lastEvent = type
        emails[position].history.append(type)
        outbox.append((emails[position], type))
    }

    mutating func reschedule(_ id: String, _ moment: Date) throws(ResendProblem) {
        try checkScheduled(id)
        if let position = positions[id] { emails[position].scheduledAt = moment }
    }

    mutating func cancel(_ id: String) throws(ResendProblem) {
        try checkScheduled(id)
        guard let position = positions[id] else { return }
        waiting.remove(id)
        emails[position].lastEvent = "canceled"
        emails[position].history.append("canceled")
    }

    mutating func addWebhook(_ webhook: ResendWebhookEndpoint) { webhooks.append(webhook) }

    mutating func removeWebhook(_ id: String) throws(ResendProblem) {
        guard webhooks.contains(where: { $0.id == id }) else {
            throw ResendProblem(404, "not_found", "Webhook not found")
        }
        webhooks.removeAll { $0.id == id }
    }

    private func checkScheduled(_ id: String) throws(ResendProblem) {
        _ = try email(id)
        guard waiting.contains(id) else { throw .invalid("The email is not scheduled.") }
    }

    private mutating func release(_ id: String) {
        waiting.remove(id)
        guard let position = positions[id] else { return }
        for type in ResendOutcome.events(for: emails[position].recipients, isAutomatic: deliversByItself) {
            note(type, on: id)
        }
    }
}

/// What becomes of a message, by whom it is for.
enum ResendOutcome {
    static func events(for recipients: [String], isAutomatic: Bool) -> [String] {
        let names = recipients.compactMap(ResendMessageBody.address).filter { $0.hasSuffix("@resend.dev") }
            .compactMap { $0.split(whereSeparator: { "@+".contains($0) }).first }
        if names.contains("suppressed") { return ["suppressed"] }
        guard isAutomatic else { return ["sent"] }
        if names.contains("bounced") { return ["sent", "bounced"] }
        return names.contains("complained") ? ["sent", "delivered", "complained"] : ["sent", "delivered"]
    }

    /// What an event says beyond the message itself.
    static func details(_ type: String) -> [String: JSON] {
        switch type {
        case "bounced":
            [
                "bounce": [
                    "type": "Permanent", "subType": "NoEmail", "message": "Mailbox does not exist.",
                    "diagnosticCode": ["smtp; 550 5.1.1 user unknown"],
                ]
            ]
        case "failed": ["failed": ["reason": "reached_daily_quota"]]
        case "suppressed":
            [
                "suppressed": [
                    "type": "Permanent", "reason": "previous_bounce",
                    "message": "The address bounced before.",
                ]
            ]
        default: [:]
        }
    }
}

/// An accepted message.
struct ResendEmail: Sendable {
    let id: String
    let at: Date
    let message: JSON
    let recipients: [String]
    var scheduledAt: Date?
    let idempotencyKey: String?
    var lastEvent = "queued"
    var history: [String] = []

    /// As `GET /emails/{id}` shows it.
    var json: JSON {
        [
            "object": "email", "id": .string(id), "to": .array(recipients.map(JSON.string)),
            "from": message["from"], "created_at": .string(at.exactText), "subject": message["subject"],
            "html": message["html"], "text": message["text"], "cc": .array(list("cc")),
            "bcc": .array(list("bcc")), "reply_to": .array(list("reply_to")), "tags": message["tags"],
            "last_event": .string(lastEvent), "scheduled_at": JSON(scheduledAt?.exactText),
        ]
    }

    /// For tests and the demo: attachments by name and size only.
    var described: JSON {
        var json = json
        json["headers"] = message["headers"]
        json["history"] = .array(history.map(JSON.string))
        json["idempotency_key"] = JSON(idempotencyKey)
        json["attachments"] = .array(
            message["attachments"].array.map { attachment in
                let size = attachment["content"].string.flatMap { Data(base64Encoded: $0)?.count }
                return [
                    "filename": attachment["filename"], "content_type": attachment["content_type"],
                    "size": JSON(size.map(Int64.init)),
                ]
            })
        return json
    }

    /// The body of a webhook. Tags, a list in requests, are an object here.
    func event(_ type: String, at moment: Date) -> JSON {
        var tags: JSON = [:]
        for tag in message["tags"].array { tags[tag["name"].string ?? ""] = tag["value"] }
        var data: JSON = [
            "email_id": .string(id), "created_at": .string(at.exactText), "from": message["from"],
            "to": .array(recipients.map(JSON.string)), "subject": message["subject"], "tags": tags,
        ]
        for (name, value) in ResendOutcome.details(type) { data[name] = value }
        return ["type": .string("email.\(type)"), "created_at": .string(moment.exactText), "data": data]
    }

    private func list(_ field: String) -> [JSON] { ResendMessageBody.list(message[field]).map(JSON.string) }
}

/// Who hears of what.
struct ResendWebhookEndpoint: Sendable {
    let id: String
    let endpoint: String
    let events: [String]
    let secret: String
    let at: Date

    func wants(_ type: String) -> Bool { events.contains("*") || events.contains("email.\(type)") }

    var json: JSON {
        [
            "object": "webhook", "id": .string(id), "endpoint": .string(endpoint), "status": "enabled",
            "events": .array(events.map(JSON.string)), "created_at": .string(at.exactText),
        ]
    }
}

extension Date {
    /// `2026-11-22T10:00:05.000Z`
    fileprivate var exactText: String { ISO8601Format(.init(includingFractionalSeconds: true)) }
}
