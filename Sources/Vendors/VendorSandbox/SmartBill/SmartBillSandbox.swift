import Foundation

// SmartBill as a server sees it: the account behind the credentials, its limit, then the endpoint. There is
// no idempotency key: a repeated invoice is a second invoice.

/// A SmartBill request as its handler sees it.
struct SmartBillCall: Sendable {
    /// E-mail and token: each pair is an account of its own.
    let account: String
    /// By lower-case name: both `seriesName` and `seriesname` are in use.
    let query: [String: String]
    let body: JSON
}

/// SmartBill, stateful and in memory.
package actor SmartBillSandbox: SandboxVendor {
    package nonisolated let name = "smartbill"

    // Plain `throws` because short closures do not infer a typed one; only a `SmartBillProblem` comes out.
    private typealias Handler = @Sendable (inout SmartBillWorld, SmartBillCall) throws -> SandboxResponse
    private static let routes: SandboxRoutes<Handler> = makeRoutes()

    let workbench: Workbench
    var world: SmartBillWorld
    /// The real limit is 30 calls in 10 seconds; nil lets everything pass.
    var limit: SmartBillLimit?
    private var calls = CallWindow()
    private var blocked: [String: Date] = [:]

    package init(_ workbench: Workbench) {
        self.workbench = workbench
        world = SmartBillWorld(firstNumber: Self.firstNumber())
    }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        world.now = workbench.clock.now
        if request.path.hasPrefix("/_sandbox/") { return pull(request) }
        do {
            return try answer(request)
        } catch let problem as SmartBillProblem {
            return .json(problem.json, status: problem.status)
        } catch {
            preconditionFailure("an endpoint of the SmartBill sandbox threw \(error)")
        }
    }

    package func objects(_ kind: String) async -> [JSON]? {
        kind == "invoices" ? world.invoices.map(\.json) : nil
    }

    package func reset() async {
        world = SmartBillWorld(firstNumber: Self.firstNumber())
        limit = nil
        calls = CallWindow()
        blocked = [:]
    }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        let words =
            switch failure.status {
            case 401: SmartBillProblem.credentials.words
            case 403: SmartBillProblem.blocked.words
            case 500...: "A aparut o eroare pe server. Va rugam incercati mai tarziu."
            default: "Documentul nu a putut fi procesat."
            }
        return .json(SmartBillAnswer.json(error: words), status: failure.status, headers: failure.headers)
    }

    /// Seconds since 2026 began: a later world counts on above an earlier one.
    private static func firstNumber() -> Int64 { Int64(Date().timeIntervalSince1970) - 1_767_225_600 }

    private func answer(_ request: SandboxRequest) throws -> SandboxResponse {
        let account = try Self.account(request)
        let reading = limit.map { calls.take(account, $0.rule, now: world.now) }
        let headers = headers(reading)
        if isBlocked(account, reading) {
            return .json(
                SmartBillProblem.blocked.json, status: SmartBillProblem.blocked.status, headers: headers)
        }
        var response: SandboxResponse
        do {
            response = try run(request, account)
        } catch let problem as SmartBillProblem {
            response = .json(problem.json, status: problem.status)
        }
        response.headers += headers
        return response
    }

    private func run(_ request: SandboxRequest, _ account: String) throws -> SandboxResponse {
        let match = Self.routes.match(method: request.method, path: request.path)
        guard case .found(let handler, _, _) = match else {
            if case .wrongMethod = match { throw SmartBillProblem(status: 405, words: "Method Not Allowed") }
            throw SmartBillProblem(status: 404, words: "Not Found")
        }
        let query = request.queryItems.map { ($0.name.lowercased(), $0.value) }
        var body = JSON.null
        if request.method == "POST" {
            do {
                body = try request.json()
            } catch {
                throw SmartBillProblem.invalid("Datele trimise nu sunt valide.")
            }
        }
        return try handler(
            &world,
            SmartBillCall(account: account, query: Dictionary(query) { first, _ in first }, body: body))
    }

    /// Whether the account is silenced: since earlier, or by this call.
    private func isBlocked(_ account: String, _ reading: CallWindow.Reading?) -> Bool {
        guard let limit, let reading else { return false }
        if let until = blocked[account], world.now < until { return true }
        if reading.isAllowed { return false }
        blocked[account] = world.now.addingTimeInterval(limit.blockSeconds)
        return true
    }

    private func headers(_ reading: CallWindow.Reading?) -> [(name: String, value: String)] {
        guard let limit, let reading else { return [] }
        return [
            (name: "X-RateLimit-Limit", value: String(limit.rule.calls)),
            (name: "X-RateLimit-Remaining", value: String(reading.remaining)),
            (
                name: "X-RateLimit-Reset",
                value: String(Int64(reading.resets.timeIntervalSince1970.rounded(.up)))
            ),
        ]
    }

    private static func account(_ request: SandboxRequest) throws(SmartBillProblem) -> String {
        let header = request.header("authorization") ?? ""
        guard header.hasPrefix("Basic "), let data = Data(base64Encoded: String(header.dropFirst(6))) else {
            throw .credentials
        }
        let pair = String(decoding: data, as: UTF8.self)
        let halves = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty, halves[1] != "bad" else {
            throw .credentials
        }
        return pair
    }

    private static func makeRoutes() -> SandboxRoutes<Handler> {
        var routes = SandboxRoutes<Handler>()
        let base = "/SBORO/api"
        routes.on("POST \(base)/invoice") { try $0.create($1) }
        routes.on("DELETE \(base)/invoice") { try $0.delete($1) }
        routes.on("PUT \(base)/invoice/cancel") { try $0.annul($1, true) }
        routes.on("PUT \(base)/invoice/restore") { try $0.annul($1, false) }
        routes.on("POST \(base)/invoice/reverse") { try $0.reverse($1) }
        routes.on("GET \(base)/invoice/paymentstatus") { try $0.paymentStatus($1) }
        routes.on("GET \(base)/invoice/pdf") { try $0.page($1) }
        routes.on("POST \(base)/payment") { try $0.pay($1) }
        routes.on("POST \(base)/document/send") { try $0.send($1) }
        routes.on("GET \(base)/series") { try $0.listSeries($1) }
        routes.on("GET \(base)/tax") { try $0.listTaxes($1) }
        routes.on("GET \(base)/stocks") { try $0.stocks($1) }
        return routes
    }
}

/// So many calls in a window, and how long the account is silenced after one more.
struct SmartBillLimit: Sendable {
    var rule = CallWindow.Rule(calls: 30, seconds: 10)
    var blockSeconds: Double = 600
}
