import Foundation

// The endpoints that change something: messages under their idempotency keys, and webhooks.

extension ResendSandbox {
    /// Runs a send under its idempotency key, if it has one.
    func sendOnce(_ request: SandboxRequest) async throws(ResendProblem) -> SandboxResponse {
        guard let key = request.header("idempotency-key") else {
            try await pause(request)
            return try send(request, key: nil)
        }
        guard (1...256).contains(key.count) else {
            throw ResendProblem(
                400, "invalid_idempotency_key", "The idempotency key must be between 1-256 characters.")
        }
        let scope = "\(request.path) \(key)"
        switch keys.begin(scope, payload: request.body, now: world.now) {
        case .refuse(let problem): throw problem
        case .replay(let answer): return .json(answer)
        case .run: break
        }
        do throws(ResendProblem) {
            try await pause(request)
            return try send(request, key: key)
        } catch {
            keys.release(scope)
            throw error
        }
    }

    private func send(_ request: SandboxRequest, key: String?) throws(ResendProblem) -> SandboxResponse {
        world.now = workbench.clock.now
        let body = try Self.body(request)
        let isBatch = request.path == "/emails/batch"
        let response = try isBatch ? sendBatch(body, request, key: key) : sendOne(body, key: key)
        if let key, let answer = try? response.json() {
            // Before anything is awaited, so that a replay can never overtake the answer it repeats.
            keys.finish("\(request.path) \(key)", answer)
        }
        return response
    }

    private func sendOne(_ body: JSON, key: String?) throws(ResendProblem) -> SandboxResponse {
        let message = try ResendMessageBody(body, isBatch: false, now: world.now)
        try world.checkSender(message)
        try takeQuota()
        let email = world.accept(message, key: key)
        return .json(["id": .string(email.id)], effect: SandboxEffect("email.create", on: email.id))
    }

    /// All or none, unless the caller is permissive.
    private func sendBatch(
        _ body: JSON, _ request: SandboxRequest, key: String?
    ) throws(ResendProblem) -> SandboxResponse {
        guard (1...100).contains(body.array.count) else {
            throw .invalid("The batch must hold 1 to 100 messages.")
        }
        let isPermissive = request.header("x-batch-validation") == "permissive"
        var messages: [ResendMessageBody] = []
        var errors: [JSON] = []
        for (position, element) in body.array.enumerated() {
            do throws(ResendProblem) {
                let message = try ResendMessageBody(element, isBatch: true, now: world.now)
                try world.checkSender(message)
                messages.append(message)
            } catch {
                guard isPermissive else { throw error }
                errors.append(["index": .integer(Int64(position)), "message": .string(error.message)])
            }
        }
        var sent: [JSON] = []
        for message in messages {
            try takeQuota()
            sent.append(["id": .string(world.accept(message, key: key).id)])
        }
        var answer: JSON = ["data": .array(sent)]
        if isPermissive { answer["errors"] = .array(errors) }
        let first = sent.first?["id"].string
        return .json(answer, effect: first.map { SandboxEffect("email.batch", on: $0) })
    }

    func reschedule(_ id: String, _ request: SandboxRequest) throws(ResendProblem) -> SandboxResponse {
        // A text that is no instant is answered like none at all.
        guard let text = try Self.body(request)["scheduled_at"].string,
            let moment = try? Date(text, strategy: .iso8601)
        else { throw .invalid("Invalid `scheduled_at` field.") }
        try world.reschedule(id, moment)
        return .json(["object": "email", "id": .string(id)], effect: SandboxEffect("email.update", on: id))
    }

    func addWebhook(_ request: SandboxRequest) throws(ResendProblem) -> SandboxResponse {
        let body = try Self.body(request)
        guard let endpoint = body["endpoint"].string else { throw .missing("endpoint") }
        guard endpoint.hasPrefix("http://") || endpoint.hasPrefix("https://") else {
            throw .invalid("Invalid `endpoint` field.")
        }
        let events = body["events"].array.compactMap(\.string)
        guard !events.isEmpty else { throw .missing("events") }
        let webhook = ResendWebhookEndpoint(
            id: UUID().uuidString.lowercased(), endpoint: endpoint, events: events,
            secret: ResendSignature.newSecret(), at: world.now)
        world.addWebhook(webhook)
        // The only time the secret is shown.
        return .json(
            [
                "object": "webhook", "id": .string(webhook.id), "signing_secret": .string(webhook.secret),
            ], status: 201, effect: SandboxEffect("webhook.create", on: webhook.id))
    }

    private func takeQuota() throws(ResendProblem) {
        guard let dailyQuota else { return }
        let rule = CallWindow.Rule(calls: dailyQuota, seconds: 86_400)
        guard quota.take("day", rule, now: world.now).isAllowed else {
            throw ResendProblem(
                429, "daily_quota_exceeded", "You have reached your daily email sending quota.")
        }
    }
}
