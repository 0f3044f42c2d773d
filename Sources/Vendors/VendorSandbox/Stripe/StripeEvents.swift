import Foundation

// Events and the endpoints that hear of them. The platform's own objects are told to endpoints without
// `connect`, objects of connected accounts to endpoints with it, and those carry the account at the top.

/// Something that happened, before it has an id.
struct StripeEvent: Sendable {
    let type: String
    let object: JSON
    let previous: JSON?
    let owner: String
}

/// What an endpoint wants to hear.
struct StripeEndpointTarget: Sendable {
    let id: String
    let url: String
    let secrets: WebhookSecrets
}

extension StripeWorld {
    /// The API version events are rendered in.
    static let apiVersion = "2026-10-28.endive"

    static let endpointParams: Set<String> = [
        "api_version", "connect", "description", "enabled_events", "metadata", "url",
    ]

    mutating func createEndpoint(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let url = try checkedURL(call.requiredText("url"))
        let events = call.form["enabled_events"]?.texts ?? []
        guard !events.isEmpty else { throw .missing("enabled_events") }
        let isConnect = try call.bool("connect") ?? false
        let id = newID("we")
        let secret = "whsec_" + newID("x", length: 32).dropFirst(2)
        let endpoint: JSON = [
            "id": .string(id), "object": "webhook_endpoint",
            "api_version": JSON(try call.text("api_version")),
            "application": isConnect ? .string(Self.application) : nil, "created": .integer(now),
            "description": JSON(try call.text("description")),
            "enabled_events": .array(events.map(JSON.string)),
            "livemode": false, "metadata": try call.metadata(), "status": "enabled", "url": .string(url),
        ]
        insert(.webhookEndpoint, endpoint, owner: call.owner)
        secrets[id] = WebhookSecrets(secret)
        var answer = endpoint
        // The only time the secret is shown.
        answer["secret"] = .string(secret)
        return StripeReply(answer, did: "webhook_endpoint.create")
    }

    mutating func updateEndpoint(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        var endpoint = try required(.webhookEndpoint, call)
        if let url = try call.text("url") { endpoint["url"] = .string(try checkedURL(url)) }
        if let events = call.form["enabled_events"]?.texts, !events.isEmpty {
            endpoint["enabled_events"] = .array(events.map(JSON.string))
        }
        if let isDisabled = try call.bool("disabled") {
            endpoint["status"] = isDisabled ? "disabled" : "enabled"
        }
        if let text = try call.text("description") { endpoint["description"] = .string(text) }
        endpoint["metadata"] = try call.metadata(onto: endpoint["metadata"])
        self[.webhookEndpoint, call.id] = endpoint
        return StripeReply(endpoint, did: "webhook_endpoint.update")
    }

    mutating func deleteEndpoint(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        _ = try required(.webhookEndpoint, call)
        delete(.webhookEndpoint, call.id)
        secrets[call.id] = nil
        let answer: JSON = ["id": .string(call.id), "object": "webhook_endpoint", "deleted": true]
        return StripeReply(answer, did: "webhook_endpoint.delete")
    }

    /// Stores an event and says who hears of it.
    mutating func record(
        _ event: StripeEvent, requestID: String?, idempotencyKey: String?
    ) -> (json: JSON, targets: [StripeEndpointTarget]) {
        let targets = targets(of: event)
        let id = newID("evt")
        var json: JSON = [
            "id": .string(id), "object": "event", "api_version": .string(Self.apiVersion),
            "created": .integer(now), "data": ["object": event.object], "livemode": false,
            "pending_webhooks": .integer(Int64(targets.count)),
            "request": ["id": JSON(requestID), "idempotency_key": JSON(idempotencyKey)],
            "type": .string(event.type),
        ]
        if let previous = event.previous { json["data"]["previous_attributes"] = previous }
        if !event.owner.isEmpty { json["account"] = .string(event.owner) }
        insert(.event, json, owner: event.owner)
        return (json, targets)
    }

    private func targets(of event: StripeEvent) -> [StripeEndpointTarget] {
        all(.webhookEndpoint).compactMap { endpoint in
            guard let id = endpoint["id"].string, let url = endpoint["url"].string,
                let secrets = secrets[id]
            else {
                return nil
            }
            let isConnect = endpoint["application"].string != nil
            let wanted = endpoint["enabled_events"].array.compactMap(\.string)
            guard isConnect == !event.owner.isEmpty, endpoint["status"].string == "enabled",
                wanted.contains("*") || wanted.contains(event.type)
            else { return nil }
            return StripeEndpointTarget(id: id, url: url, secrets: secrets)
        }
    }

    private func checkedURL(_ text: String) throws(StripeProblem) -> String {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            throw .invalid(
                "url", "Invalid URL: An explicit scheme (such as https) must be provided.",
                code: "url_invalid")
        }
        return text
    }
}
