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
    var quota = CallWindow()
    var keys = ResendKeys()
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

    static func body(_ request: SandboxRequest) throws(ResendProblem) -> JSON {
        do {
            return try request.json()
        } catch {
            throw ResendProblem(400, "validation_error", "The body is not valid JSON.")
        }
    }

    private static func list(_ data: [JSON]) -> SandboxResponse {
        .json(["object": "list", "has_more": false, "data": .array(data)])
    }

    func pause(_ request: SandboxRequest) async throws(ResendProblem) {
        guard request.delay > .zero else { return }
        do {
            try await Task.sleep(for: request.delay)
        } catch {
            // The sandbox is stopping; whoever waits gets the answer of a server that went away.
            throw ResendProblem(503, "application_error", "The sandbox is stopping.")
        }
    }

    private func count() -> CallWindow.Reading? { limit.map { calls.take("team", $0, now: world.now) } }

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
