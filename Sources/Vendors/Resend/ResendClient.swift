// Sending e-mail through Resend. Facts relied on: an idempotency key is kept 24 hours together with the
// payload, and another payload under the same key is refused; so a message is rendered once, stored, and
// those bytes are sent on every attempt. Accepted is not delivered: the final state comes by webhook. A
// `User-Agent` is required.

import Durable
import FoundationEssentials
import VendorHTTP

/// The platform's account at Resend.
package struct ResendClient: Sendable {
    /// After this long a repeated send would send again: check our own record first.
    package static let keyLifetime: Duration = .seconds(86_400)

    private let http: VendorHTTPClient

    package init(
        key: Secret, base: String = "https://api.resend.com", account: String = "platform",
        transport: VendorTransport = .shared, timeout: Duration = .seconds(30),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        http = VendorHTTPClient(
            account: VendorAccount(vendor: "resend", name: account), base: base,
            headers: [HeaderField("Authorization", "Bearer \(key.reveal())")],
            timeout: timeout, transport: transport, now: now)
    }

    /// Whose limits and breaker these calls share.
    package var account: VendorAccount { http.account }

    /// Hands a rendered message over; the same key and bytes send it once.
    package func send(_ message: RenderedMessage, key: String) async throws(ResendFailure) -> ResendMessage.ID
    {
        precondition((1...256).contains(key.utf8.count), "Resend's idempotency keys have 1 to 256 bytes")
        let request = VendorRequest(
            .post, "/emails", headers: [HeaderField("Idempotency-Key", key)],
            body: .bytes(Array(message.text.utf8), contentType: "application/json"))
        let (json, call) = try await exchange(request)
        guard let id = json["id"].filledText else {
            throw ResendFailure(.unreadable("no message id"), call: call)
        }
        return ResendMessage.ID(rawValue: id)
    }

    /// What became of a message.
    package func message(_ id: ResendMessage.ID) async throws(ResendFailure) -> ResendMessage {
        let (json, call) = try await exchange(VendorRequest(.get, "/emails/\(id)"))
        do {
            return try ResendMessage(json)
        } catch {
            throw ResendFailure(.unreadable(error.description), call: call)
        }
    }

    /// Messages that were accepted, the newest first, a page of a hundred at a time. How far the list reaches
    /// back is the account's plan; a key that may only send is refused here.
    package func accepted(
        before last: ResendAccepted.ID? = nil
    ) async throws(ResendFailure) -> ResendPage {
        var query: FormFields = ["limit": "100"]
        query.add("after", last?.rawValue)
        let (json, call) = try await exchange(VendorRequest(.get, "/emails", query: query))
        do {
            return try ResendPage(json)
        } catch {
            throw ResendFailure(.unreadable(error.description), call: call)
        }
    }

    private func exchange(_ request: VendorRequest) async throws(ResendFailure) -> (JSON, VendorCall) {
        let call = http.call(request)
        let response: VendorResponse
        do {
            response = try await http.send(request)
        } catch {
            if case .held(let until, _) = error {
                throw ResendFailure(.rateLimited(until: until), call: call)
            }
            throw ResendFailure(
                .unreachable(mayHaveHappened: error.mayHaveHappened, reason: error.reason), call: call)
        }
        guard response.isSuccess else { throw ResendFailure(response, call: call) }
        guard let json = response.json else {
            throw ResendFailure(.unreadable("no JSON in status \(response.status)"), call: call)
        }
        return (json, call)
    }
}

/// A message that Resend accepted.
package struct ResendMessage: Sendable, Equatable {
    package struct ID: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
        package let rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        package var description: String { rawValue }
    }

    /// The last thing that happened to a message.
    package enum State: String, Sendable, Hashable {
        case queued, scheduled, sent, delivered, bounced, complained, opened, clicked, failed, canceled,
            suppressed
        case deliveryDelayed = "delivery_delayed"
        case unknown = ""
    }

    package let id: ID
    package let state: State

    init(_ json: JSON) throws(JSONMismatch) {
        id = ID(rawValue: try json.needText("id"))
        state = json["last_event"].string.flatMap(State.init(rawValue:)) ?? .unknown
    }
}
