// The calls to BigBuy that CartFlux makes, on the platform's one account. Facts relied on: bearer key,
// JSON both ways, euros; no idempotency key and no webhooks; limits per endpoint (orders 1 a second,
// lists 10 an hour), told by `X-RateLimit-Reset`. A status of 200 proves nothing: the body may be empty,
// an error, or a whole HTTP answer as text. An error of any kind is a failure here; only data is a
// result.

import Commerce
import FoundationEssentials
import VendorHTTP

/// The platform's account at BigBuy.
package struct BigBuyClient: Sendable {
    /// The largest list answers are whole catalogues.
    static let listLimit = 64 << 20
    static let listTimeout: Duration = .seconds(120)

    let http: VendorHTTPClient
    private let now: @Sendable () -> Date

    package init(
        key: Secret, base: String = "https://api.bigbuy.eu", account: String = "platform",
        transport: VendorTransport = .shared, timeout: Duration = .seconds(40),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.now = now
        http = VendorHTTPClient(
            account: VendorAccount(vendor: "bigbuy", name: account), base: base,
            headers: [
                HeaderField("Authorization", "Bearer \(key.reveal())"),
                HeaderField("Accept", "application/json"),
            ],
            timeout: timeout, transport: transport, now: now)
    }

    /// Whose limits and breaker these calls share.
    package var account: VendorAccount { http.account }

    /// What the prepaid wallet holds.
    package func purse() async throws(BigBuyFailure) -> Money {
        try await send(VendorRequest(.get, "/rest/user/purse.json")) { json throws(JSONMismatch) in
            guard let money = json.euros else { throw JSONMismatch(member: "purse", found: "no amount") }
            return money
        }
    }

    // MARK: - Carrying

    func send<Value>(
        _ request: VendorRequest, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(BigBuyFailure) -> Value {
        let call = http.call(request)
        let response: VendorResponse
        do {
            response = try await http.send(request)
        } catch {
            if case .held(let until, _) = error {
                throw BigBuyFailure(.rateLimited(until: until), call: call, at: now())
            }
            throw BigBuyFailure(
                .unreachable(mayHaveHappened: error.mayHaveHappened, reason: error.reason), call: call,
                at: now())
        }
        do {
            let json = try data(of: response, call)
            return try read(json)
        } catch let failure as BigBuyFailure {
            throw failure
        } catch {
            throw BigBuyFailure(
                .unknown(status: response.status, "\(error)"), call: call, at: response.receivedAt)
        }
    }

    /// The data of an answer, once everything that is no data is excluded.
    private func data(of response: VendorResponse, _ call: VendorCall) throws(BigBuyFailure) -> JSON {
        let answer = Self.unwrapped(response)
        let json = (try? JSON(parsing: answer.body))
        let error = json.flatMap(BigBuyErrorBody.init)
        guard (200..<300).contains(answer.status), error == nil, let json else {
            throw BigBuyFailure(
                BigBuyFailure.Reason(status: answer.status, error: error, response: response), call: call,
                at: response.receivedAt)
        }
        return json
    }

    /// A 200 whose body is itself the text of an HTTP answer counts as that answer.
    private static func unwrapped(_ response: VendorResponse) -> (status: Int, body: [UInt8]) {
        guard response.isSuccess, response.body.starts(with: "HTTP/1.".utf8) else {
            return (response.status, response.body)
        }
        let text = response.text.replacing("\r\n", with: "\n")
        let statusLine = text.prefix { $0 != "\n" }.split(separator: " ")
        let status = statusLine.count > 1 ? Int(statusLine[1]) : nil
        let body = text.firstRange(of: "\n\n").map { Array(text[$0.upperBound...].utf8) } ?? []
        return (status ?? 500, body)
    }
}
