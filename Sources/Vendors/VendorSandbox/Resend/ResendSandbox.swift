import Foundation

// Resend as a server sees it: who asks, how often, with which key; then the endpoint; then the webhooks.

/// Resend, stateful and in memory.
package actor ResendSandbox: SandboxVendor {
    package nonisolated let name = "resend"
    // A slow request is slow inside, while its idempotency key is taken.
    package nonisolated let pausesItself = true

    let workbench: Workbench
    var world = ResendWorld()
    /// The real limit is 5 a second for the whole team; nil lets everything pass.
    var limit: CallWindow.Rule?
    /// Messages a day; nil for no quota.
    var dailyQuota: Int?
    private var calls = CallWindow()
    private var quota = CallWindow()
    private var keys = ResendKeys()
    // Wakes for the next scheduled message. It holds the actor weakly and ends by itself; `reset` cancels it.
    private var timer: Task<Void, Never>?

    package init(_ workbench: Workbench) { self.workbench = workbench }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        world.now = workbench.clock.now
        if request.path.hasPrefix("/_sandbox/") {
            let answer = pull(request)
            await publish(cause: nil)
            return answer
        }
        var headers: [(name: String, value: String)] = []
        var response: SandboxResponse
        do {
            try Self.admit(request)
            if let reading = count() {
                headers = Self.headers(reading, limit)
                guard reading.isAllowed else {
                    throw ResendProblem(
                        429, "rate_limit_exceeded",
                        "Too many requests. You can only make \(limit?.calls ?? 0) requests per second.")
                }
            }
            response = try await answer(request)
        } catch let problem as ResendProblem {
            response = problem.response
        } catch {
            preconditionFailure("an endpoint of the Resend sandbox threw \(error)")
        }
        response.headers += headers
        await publish(cause: RequestLine(method: request.method, path: request.path))
        return response
    }

    package func objects(_ kind: String) async -> [JSON]? {
        switch kind {
        case "emails": world.emails.map(\.described)
        case "webhooks": world.webhooks.map(\.json)
        default: nil
        }
    }

    package func reset() async {
        timer?.cancel()
        timer = nil
        world = ResendWorld()
        limit = nil
        dailyQuota = nil
        calls = CallWindow()
        quota = CallWindow()
        keys = ResendKeys()
    }

    package func clockMoved() async { await runDue() }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        let problem =
            switch failure.status {
            case 401: ResendProblem(401, "missing_api_key", "Missing API key.")
            case 403: ResendProblem(403, "invalid_api_key", "API key is invalid.")
            case 409:
                ResendProblem(
                    409, "concurrent_idempotent_requests",
                    "The same idempotency key is being used by a request in progress.")
            case 429: ResendProblem(429, "rate_limit_exceeded", "Too many requests.")
            case 451: ResendProblem(451, "security_error", "Refused for security reasons.")
            case 500...: ResendProblem(failure.status, "application_error", "An unexpected error occurred.")
            default: ResendProblem(failure.status, "validation_error", "Refused by an injected fault.")
            }
        return .json(problem.json, status: failure.status, headers: failure.headers)
    }

    // MARK: - Endpoints

    private func answer(_ request: SandboxRequest) async throws(ResendProblem) -> SandboxResponse {
        switch (request.method, request.path) {
        case ("POST", "/emails"), ("POST", "/emails/batch"): return try await sendOnce(request)
        case ("GET", "/emails"): return Self.list(world.emails.reversed().prefix(100).map(\.json))
        case ("POST", "/webhooks"): return try addWebhook(request)
        case ("GET", "/webhooks"): return Self.list(world.webhooks.map(\.json))
        default: break
        }
        try await pause(request)
        if request.method == "DELETE", let id = PathTemplate("/webhooks/{id}").match(request.path)?["id"] {
            try world.removeWebhook(id)
            return .json(
                ["object": "webhook", "id": .string(id), "deleted": true],
                effect: SandboxEffect("webhook.delete", on: id))
        }
        if request.method == "POST", let id = PathTemplate("/emails/{id}/cancel").match(request.path)?["id"] {
            try world.cancel(id)
            return .json(
                ["object": "email", "id": .string(id)], effect: SandboxEffect("email.cancel", on: id))
        }
        if let id = PathTemplate("/emails/{id}").match(request.path)?["id"] {
            if request.method == "GET" { return .json(try world.email(id).json) }
            if request.method == "PATCH" { return try reschedule(id, request) }
            throw ResendProblem(405, "method_not_allowed", "Method is not allowed for the requested path.")
        }
        throw ResendProblem(404, "not_found", "The requested endpoint does not exist.")
    }

    /// Runs a send under its idempotency key, if it has one.
    private func sendOnce(_ request: SandboxRequest) async throws(ResendProblem) -> SandboxResponse {
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

    private func reschedule(_ id: String, _ request: SandboxRequest) throws(ResendProblem) -> SandboxResponse {
        // A text that is no instant is answered like none at all.
        guard let text = try Self.body(request)["scheduled_at"].string,
            let moment = try? Date(text, strategy: .iso8601)
        else { throw .invalid("Invalid `scheduled_at` field.") }
        try world.reschedule(id, moment)
        return .json(["object": "email", "id": .string(id)], effect: SandboxEffect("email.update", on: id))
    }

    private func addWebhook(_ request: SandboxRequest) throws(ResendProblem) -> SandboxResponse {
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

    // MARK: - Around them

    private static func admit(_ request: SandboxRequest) throws(ResendProblem) {
        guard request.header("user-agent")?.isEmpty == false else {
            throw ResendProblem(403, "validation_error", "The `User-Agent` header is required.")
        }
        let header = request.header("authorization") ?? ""
        guard header.hasPrefix("Bearer "), header.count > 7 else {
            throw ResendProblem(401, "missing_api_key", "Missing API key in the authorization header.")
        }
        guard header.hasPrefix("Bearer re_") else {
            throw ResendProblem(403, "invalid_api_key", "API key is invalid.")
        }
    }

    private static func body(_ request: SandboxRequest) throws(ResendProblem) -> JSON {
        do {
            return try request.json()
        } catch {
            throw ResendProblem(400, "validation_error", "The body is not valid JSON.")
        }
    }

    private static func list(_ data: [JSON]) -> SandboxResponse {
        .json(["object": "list", "has_more": false, "data": .array(data)])
    }

    private func pause(_ request: SandboxRequest) async throws(ResendProblem) {
        guard request.delay > .zero else { return }
        do {
            try await Task.sleep(for: request.delay)
        } catch {
            // The sandbox is stopping; whoever waits gets the answer of a server that went away.
            throw ResendProblem(503, "application_error", "The sandbox is stopping.")
        }
    }

    private func count() -> CallWindow.Reading? { limit.map { calls.take("team", $0, now: world.now) } }

    private func takeQuota() throws(ResendProblem) {
        guard let dailyQuota else { return }
        let rule = CallWindow.Rule(calls: dailyQuota, seconds: 86_400)
        guard quota.take("day", rule, now: world.now).isAllowed else {
            throw ResendProblem(
                429, "daily_quota_exceeded", "You have reached your daily email sending quota.")
        }
    }

    private static func headers(
        _ reading: CallWindow.Reading, _ rule: CallWindow.Rule?
    ) -> [(name: String, value: String)] {
        let wait = String(max(1, Int(rule?.seconds.rounded(.up) ?? 1)))
        let standing = [
            (name: "ratelimit-limit", value: String(rule?.calls ?? 0)),
            (name: "ratelimit-remaining", value: String(reading.remaining)),
            (name: "ratelimit-reset", value: wait),
        ]
        return reading.isAllowed ? standing : standing + [(name: "retry-after", value: wait)]
    }

    /// Tells the webhooks what happened.
    private func publish(cause: RequestLine?) async {
        let events = world.outbox
        world.outbox = []
        let now = world.now
        let webhooks = world.webhooks
        scheduleTimer()
        for (email, type) in events {
            let message = WebhookMessage(
                id: "msg_" + UUID().uuidString.lowercased().replacing("-", with: ""), type: "email.\(type)",
                body: email.event(type, at: now).bytes, cause: cause)
            for webhook in webhooks where webhook.wants(type) {
                await workbench.send(message, to: Self.target(webhook))
            }
        }
    }

    private static func target(_ webhook: ResendWebhookEndpoint) -> WebhookTarget {
        WebhookTarget(id: webhook.id, url: webhook.endpoint) { message, moment in
            let seconds = Int64(moment.timeIntervalSince1970)
            let signature = ResendSignature.value(
                id: message.id, seconds: seconds, body: message.body, secret: webhook.secret)
            return [
                (name: "Content-Type", value: "application/json"), (name: "svix-id", value: message.id),
                (name: "svix-timestamp", value: String(seconds)), (name: "svix-signature", value: signature),
            ]
        }
    }

    private func scheduleTimer() {
        timer?.cancel()
        timer = nil
        guard let next = world.nextDue else { return }
        let pause = max(0.05, next.timeIntervalSince(workbench.clock.now))
        // Nobody awaits it: it ends by itself, and `reset` or a moved clock cancels it.
        timer = Task { [weak self] in
            // Cancelled means reset or pushed ahead: nothing is due any more.
            guard (try? await Task.sleep(for: .seconds(pause))) != nil else { return }
            await self?.runDue()
        }
    }

    private func runDue() async {
        world.now = workbench.clock.now
        world.releaseDue()
        await publish(cause: nil)
    }
}
