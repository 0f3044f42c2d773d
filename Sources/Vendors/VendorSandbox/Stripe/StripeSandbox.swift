import Foundation

// The Stripe sandbox as a server sees it: who asks, on whose behalf, has this been asked before; then the
// endpoint; then the events it caused. The order of the checks is Stripe's: key, version, account, path,
// idempotency, parameters.

/// Stripe, stateful and in memory.
package actor StripeSandbox: SandboxVendor {
    package nonisolated let name = "stripe"
    // A slow request is slow inside, while its idempotency key is taken.
    package nonisolated let pausesItself = true

    let workbench: Workbench
    var world = StripeWorld()
    private var keys = IdempotencyStore()
    // Wakes for what is due next. It holds the actor weakly and ends by itself; `reset` cancels it.
    private var timer: Task<Void, Never>?

    package init(_ workbench: Workbench) { self.workbench = workbench }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        world.now = workbench.clock.seconds
        if request.path.hasPrefix("/_sandbox/") { return await page(request) }
        let requestID = world.newID("req", length: 14)
        do {
            let (endpoint, call) = try admit(request, requestID)
            guard request.method == "POST", let key = call.idempotencyKey else {
                try await pause(request)
                return await run(endpoint, call, request)
            }
            return try await runOnce(endpoint, call, request, key)
        } catch {
            return answer(error, requestID, request)
        }
    }

    package func objects(_ kind: String) async -> [JSON]? {
        world.now = workbench.clock.seconds
        switch kind {
        case "balances": return world.balances
        case let plural where StripeKind(plural: plural) != nil:
            return StripeKind(plural: plural).map { world.all($0) }
        default: return nil
        }
    }

    package func reset() async {
        timer?.cancel()
        timer = nil
        world = StripeWorld()
        keys = IdempotencyStore()
    }

    package func clockMoved() async { await runDue() }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        let problem =
            switch failure.status {
            case 429: StripeProblem(429, code: "rate_limit", "Request rate limit exceeded.")
            case 409: StripeProblem(409, code: "lock_timeout", "This object cannot be accessed right now.")
            case 500...:
                StripeProblem(failure.status, kind: .api, "An error occurred on Stripe's side (injected).")
            default: StripeProblem(failure.status, "Refused by an injected fault.")
            }
        return .json(problem.json, status: failure.status, headers: failure.headers)
    }

    /// Sends what the world has to say.
    func publish(cause: RequestLine?, requestID: String?, idempotencyKey: String?) async {
        let events = world.outbox
        world.outbox = []
        for event in events {
            let (json, targets) = world.record(event, requestID: requestID, idempotencyKey: idempotencyKey)
            let message = WebhookMessage(
                id: json["id"].string ?? "", type: event.type, body: json.bytes, cause: cause)
            for target in targets { await workbench.send(message, to: Self.webhook(target)) }
        }
        scheduleTimer()
    }

    private func admit(
        _ request: SandboxRequest, _ requestID: String
    ) throws(StripeProblem) -> (StripeEndpoint, StripeCall) {
        try StripeKey.check(request)
        try checkVersion(request)
        let owner = try account(request)
        let match = StripeRoutes.stripe.match(method: request.method, path: request.path)
        guard case .found(let endpoint, let segments, _) = match else {
            throw StripeProblem(
                404,
                "Unrecognized request URL (\(request.method): \(request.path)). Please see "
                    + "https://stripe.com/docs or we can help at https://support.stripe.com/.")
        }
        let key = request.header("idempotency-key").flatMap { $0.isEmpty ? nil : $0 }
        if let key, key.count > 255 {
            throw StripeProblem(
                400, kind: .idempotency, "Idempotency keys can be at most 255 characters long.")
        }
        // DELETE and GET carry parameters in the query; a POST may carry them in both places.
        let call = StripeCall(
            line: RequestLine(method: request.method, path: request.path),
            form: StripeForm(Self.items(request)),
            segments: segments, owner: owner, requestID: requestID, idempotencyKey: key,
            origin: request.origin,
            now: world.now)
        return (endpoint, call)
    }

    private func runOnce(
        _ endpoint: StripeEndpoint, _ call: StripeCall, _ request: SandboxRequest, _ key: String
    ) async throws(StripeProblem) -> SandboxResponse {
        let scope = IdempotencyStore.Scope(account: call.owner, key: key)
        switch keys.begin(scope, fingerprint: Self.fingerprint(request), now: world.now) {
        case .refuse(let problem): throw problem
        case .replay(let answer):
            var headers = Self.headers(answer.requestID, request)
            headers.append((name: "Content-Type", value: "application/json"))
            headers.append((name: "Idempotent-Replayed", value: "true"))
            return SandboxResponse(status: answer.status, headers: headers, body: answer.body)
        case .run: break
        }
        do {
            try await pause(request)
        } catch {
            keys.release(scope)
            throw error
        }
        return await run(endpoint, call, request, keeping: scope)
    }

    /// Runs an endpoint, keeps the answer for its key, then publishes the events.
    private func run(
        _ endpoint: StripeEndpoint, _ call: StripeCall, _ request: SandboxRequest,
        keeping scope: IdempotencyStore.Scope? = nil
    ) async -> SandboxResponse {
        world.now = workbench.clock.seconds
        let response: SandboxResponse
        var isKept = true
        do {
            try checkParams(endpoint, call)
            let reply = try endpoint.handler(&world, call)
            response = .json(
                try world.expanded(reply.json, call), headers: Self.headers(call.requestID, request),
                effect: reply.effect)
        } catch let problem as StripeProblem {
            response = answer(problem, call.requestID, request)
            isKept = problem.isKept
        } catch {
            preconditionFailure("an endpoint of the Stripe sandbox threw \(error)")
        }
        // Before anything is awaited, so that a replay can never overtake the answer it repeats.
        if let scope {
            let answer = IdempotencyStore.Answer(
                status: response.status, body: response.body, requestID: call.requestID)
            if isKept { keys.finish(scope, answer) } else { keys.release(scope) }
        }
        await publish(cause: call.line, requestID: call.requestID, idempotencyKey: call.idempotencyKey)
        return response
    }

    private func pause(_ request: SandboxRequest) async throws(StripeProblem) {
        guard request.delay > .zero else { return }
        do {
            try await Task.sleep(for: request.delay)
        } catch {
            // The sandbox is stopping; whoever waits gets the answer of a server that went away.
            throw StripeProblem(503, kind: .api, "The sandbox is stopping.")
        }
    }

    private func checkVersion(_ request: SandboxRequest) throws(StripeProblem) {
        guard let version = request.header("stripe-version") else { return }
        let date = version.split(separator: ".").first.map { $0.split(separator: "-") } ?? []
        guard date.count == 3, date.allSatisfy({ Int($0) != nil }) else {
            throw StripeProblem(400, "Invalid Stripe API version: \(version)")
        }
    }

    private func account(_ request: SandboxRequest) throws(StripeProblem) -> String {
        guard let account = request.header("stripe-account"), !account.isEmpty else {
            return StripeCall.platform
        }
        guard world.find(.account, account, owner: StripeCall.platform) != nil else {
            throw StripeProblem(
                403, code: "account_invalid",
                "The provided key '\(StripeKey.redacted(request))' does not have access to "
                    + "account '\(account)' "
                    + "(or that account does not exist). Application access may have been revoked.")
        }
        return account
    }

    private func checkParams(_ endpoint: StripeEndpoint, _ call: StripeCall) throws(StripeProblem) {
        for name in call.form.members.keys.sorted()
        where name != "expand" && !endpoint.params.contains(name) {
            throw .unknown(name)
        }
    }

    private func answer(_ problem: StripeProblem, _ requestID: String, _ request: SandboxRequest)
        -> SandboxResponse
    {
        var headers = Self.headers(requestID, request)
        if problem.status == 401 {
            headers.append((name: "WWW-Authenticate", value: "Bearer realm=\"Stripe\""))
        }
        if problem.status == 409 { headers.append((name: "Stripe-Should-Retry", value: "true")) }
        var json = problem.json
        json["error"]["request_log_url"] = .string("https://dashboard.stripe.com/test/logs/\(requestID)")
        return .json(json, status: problem.status, headers: headers, effect: problem.effect)
    }

    private func scheduleTimer() {
        guard timer == nil, let next = world.agenda.map(\.due).min() else { return }
        let pause = max(1, next - workbench.clock.seconds)
        // Nobody awaits it: it ends by itself, and `reset` or an earlier deadline cancels it.
        timer = Task { [weak self] in
            // Cancelled means reset or pushed ahead: nothing is due any more.
            guard (try? await Task.sleep(for: .seconds(pause))) != nil else { return }
            await self?.runDue()
        }
    }

    private func runDue() async {
        let now = workbench.clock.seconds
        world.now = now
        let due = world.agenda.filter { $0.due <= now }
        world.agenda.removeAll { $0.due <= now }
        for item in due { world.failRefund(item.refund) }
        world.expireDisputes()
        world.payOut()
        world.renewSubscriptions()
        timer?.cancel()
        timer = nil
        await publish(cause: nil, requestID: nil, idempotencyKey: nil)
    }

    private static func items(_ request: SandboxRequest) -> [FormItem] {
        request.method == "POST" ? FormItem.decode(request.text) + request.queryItems : request.queryItems
    }

    private static func fingerprint(_ request: SandboxRequest) -> String {
        let items = items(request).sorted { ($0.name, $0.value) < ($1.name, $1.value) }
        return "\(request.method) \(request.path) \(FormItem.encode(items))"
    }

    private static func headers(_ requestID: String, _ request: SandboxRequest) -> [(
        name: String, value: String
    )] {
        var headers = [
            (name: "Request-Id", value: requestID),
            (name: "Stripe-Version", value: request.header("stripe-version") ?? StripeWorld.apiVersion),
        ]
        if let key = request.header("idempotency-key") {
            headers.append((name: "Idempotency-Key", value: key))
        }
        return headers
    }

    private static func webhook(_ target: StripeEndpointTarget) -> WebhookTarget {
        WebhookTarget(id: target.id, url: target.url) { message, moment in
            let secrets = target.secrets.active(at: moment)
            let seconds = Int64(moment.timeIntervalSince1970)
            return [
                (name: "Content-Type", value: "application/json; charset=utf-8"),
                (name: "User-Agent", value: "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
                (
                    name: StripeSignature.header,
                    value: StripeSignature.value(body: message.body, secrets: secrets, at: seconds)
                ),
            ]
        }
    }
}

extension StripeKind {
    /// The kind behind a plural such as `payment_intents`, as the control endpoint names it.
    fileprivate init?(plural: String) {
        guard
            let kind = Self.allCases.first(where: { "\($0.rawValue)s" == plural || $0.rawValue == plural })
        else {
            return nil
        }
        self = kind
    }
}
