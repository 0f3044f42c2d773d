import Foundation

// BigBuy as a server sees it: key, path, limit, then the endpoint. There is no idempotency key and there are
// no webhooks; a lost answer is found again by the caller's own reference, or the order is made twice.

/// BigBuy, stateful and in memory.
package actor BigBuySandbox: SandboxVendor {
    package nonisolated let name = "bigbuy"

    let workbench: Workbench
    var world: BigBuyWorld
    /// The real limits would slow a demo and every load test down, so they are switched on where wanted.
    var areLimitsOn = false
    private var calls = CallWindow()

    package init(_ workbench: Workbench) {
        self.workbench = workbench
        // Milliseconds since 1970: a later world begins above everything an earlier one has given out.
        world = BigBuyWorld(firstOrder: Int64(Date().timeIntervalSince1970 * 1000))
    }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        world.now = workbench.clock.now
        if request.path.hasPrefix("/_sandbox/") { return pull(request) }
        do {
            return try answer(request)
        } catch let problem as BigBuyProblem {
            return .json(problem.json, status: problem.status)
        } catch {
            preconditionFailure("an endpoint of the BigBuy sandbox threw \(error)")
        }
    }

    package func objects(_ kind: String) async -> [JSON]? {
        world.now = workbench.clock.now
        switch kind {
        case "orders": return world.orders.map(described)
        case "products": return world.articles.map { BigBuyWorld.product(world, $0, "en") ?? .null }
        case "stock": return world.articles.map { BigBuyWorld.stock(world, $0, "en") ?? .null }
        case "variations":
            return world.articles.flatMap { article in
                article.variations.map { BigBuyWorld.variationStock(world, article, $0) }
            }
        default: return nil
        }
    }

    package func reset() async {
        world = BigBuyWorld(firstOrder: Int64(Date().timeIntervalSince1970 * 1000))
        areLimitsOn = false
        calls = CallWindow()
    }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        switch failure.status {
        case 429: Self.limited([(name: "X-RateLimit-Remaining", value: "0")] + failure.headers)
        // A success that is none: the body is an internal error with a ticket number.
        case 200:
            .json(["code": 409, "message": "Something went wrong 0123456789abcdef"])
        case 500...:
            .text(
                "<html><body><h1>An Error Occurred: Internal Server Error</h1></body></html>",
                status: failure.status, type: "text/html; charset=UTF-8")
        default:
            .json(
                ["code": .integer(Int64(failure.status)), "message": "Refused by an injected fault."],
                status: failure.status, headers: failure.headers)
        }
    }

    private func answer(_ request: SandboxRequest) throws -> SandboxResponse {
        let key = request.header("authorization") ?? ""
        let token = key.hasPrefix("Bearer ") ? key.dropFirst(7) : ""
        guard !token.isEmpty, token != "bad" else { throw BigBuyProblem.invalidToken }

        let path = request.path.hasSuffix(".json") ? String(request.path.dropLast(5)) : request.path
        let match = BigBuyRoutes.bigBuy.match(method: request.method, path: path)
        switch match {
        case .unknown: throw BigBuyProblem.notFound("Not Found")
        case .wrongMethod:
            throw BigBuyProblem(status: 405, json: ["code": 405, "message": "Method Not Allowed"])
        case .found(let endpoint, let segments, let template):
            let limit = count(key + " " + template.description, endpoint.limit)
            if let limit, !limit.isAllowed { return Self.limited(Self.headers(limit, endpoint.limit)) }
            var response = try endpoint.handler(&world, try call(request, segments))
            if let limit { response.headers += Self.headers(limit, endpoint.limit) }
            return response
        }
    }

    private func call(_ request: SandboxRequest, _ segments: [String: String]) throws(BigBuyProblem)
        -> BigBuyCall
    {
        let query = Dictionary(request.queryItems.map { ($0.name, $0.value) }) { first, _ in first }
        var body = JSON.null
        if request.method == "POST" {
            do {
                body = try request.json()
            } catch {
                throw BigBuyProblem(status: 400, json: ["code": 400, "message": "Invalid JSON."])
            }
        }
        return BigBuyCall(segments: segments, query: query, body: body)
    }

    private func count(_ key: String, _ rule: CallWindow.Rule) -> CallWindow.Reading? {
        areLimitsOn ? calls.take(key, rule, now: world.now) : nil
    }

    private static func headers(
        _ reading: CallWindow.Reading, _ rule: CallWindow.Rule
    ) -> [(name: String, value: String)] {
        [
            (name: "X-RateLimit-Limit", value: String(rule.calls)),
            (name: "X-RateLimit-Remaining", value: String(reading.remaining)),
            (
                name: "X-RateLimit-Reset",
                value: String(Int64(reading.resets.timeIntervalSince1970.rounded(.up)))
            ),
        ]
    }

    private static func limited(_ headers: [(name: String, value: String)]) -> SandboxResponse {
        var response = SandboxResponse.text("You exceeded the rate limit", status: 429)
        response.headers += headers
        return response
    }

    /// An order for tests and the demo: as BigBuy shows it, and where it is.
    private func described(_ order: BigBuyParcelOrder) -> JSON {
        var json = world.json(of: order)
        json["warehouse"] = .integer(Int64(order.parcel.warehouse))
        return json
    }
}
