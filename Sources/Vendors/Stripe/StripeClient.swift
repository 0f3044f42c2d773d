// The calls to Stripe that CartFlux makes, and no others. Facts relied on: form bodies with brackets,
// JSON answers; a pinned version, so that an upgrade of the account's default changes nothing here; an
// idempotency key on every POST that changes something, kept by Stripe for 24 hours together with its
// answer; `Request-Id` on every answer. No retries happen here: repeating is the workflow's decision,
// with the same key.

import FoundationEssentials
import VendorHTTP

/// The platform's account at Stripe.
package struct StripeClient: Sendable {
    /// Object shapes below follow this version; Stripe keeps answering in it.
    package static let version = "2026-10-28.endive"

    /// After this long Stripe may have forgotten a key: look up by metadata instead of repeating.
    package static let keyLifetime: Duration = .seconds(86_400)

    /// Stripe's largest page, and how many of them one look-up reads before it gives up.
    private static let pageSize = "100"
    private static let pageLimit = 50

    private let http: VendorHTTPClient

    /// - Parameters:
    ///   - key: a secret key, `sk_test_...` or `sk_live_...`.
    ///   - base: another address than Stripe's own, for a sandbox.
    ///   - account: what errors and limits call this account.
    package init(
        key: Secret, base: String = "https://api.stripe.com", account: String = "platform",
        transport: VendorTransport = .shared, timeout: Duration = .seconds(30),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        http = VendorHTTPClient(
            account: VendorAccount(vendor: "stripe", name: account), base: base,
            headers: [
                HeaderField("Authorization", "Bearer \(key.reveal())"),
                HeaderField("Stripe-Version", Self.version),
            ],
            timeout: timeout, transport: transport, now: now)
    }

    /// Whose limits and breaker these calls share.
    package var account: VendorAccount { http.account }

    // MARK: - Carrying

    /// A POST that changes something; `key` must be the same on every attempt of the same thing, and is
    /// nil only where doing it twice is the same as doing it once.
    func post<Value>(
        _ path: String, _ fields: FormFields, key: String?, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(StripeFailure) -> Value {
        precondition(
            key.map { (1...255).contains($0.utf8.count) } ?? true, "an idempotency key has 1 to 255 bytes")
        let request = VendorRequest(
            .post, path, headers: key.map { [HeaderField("Idempotency-Key", $0)] } ?? [], body: .form(fields))
        return try await send(request, as: read)
    }

    /// Reads from the platform's own account, or from a connected one.
    func get<Value>(
        _ path: String, _ query: FormFields = [:], for account: StripeAccount.ID? = nil,
        as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(StripeFailure) -> Value {
        let headers = account.map { [HeaderField("Stripe-Account", $0.rawValue)] } ?? []
        return try await send(VendorRequest(.get, path, query: query, headers: headers), as: read)
    }

    /// Needs no key: what is gone cannot go twice.
    func delete<Value>(
        _ path: String, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(StripeFailure) -> Value {
        try await send(VendorRequest(.delete, path), as: read)
    }

    /// All objects of a list, newest first.
    func list<Value>(
        _ path: String, _ query: FormFields, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(StripeFailure) -> [Value] {
        var found: [Value] = []
        var after: String?
        for _ in 0..<Self.pageLimit {
            var query = query
            query.add("limit", Self.pageSize)
            query.add("starting_after", after)
            let page = try await get(path, query) { json throws(JSONMismatch) in
                guard json["object"].string == "list" else {
                    throw JSONMismatch(member: "object", found: "no list")
                }
                return json
            }
            let call = http.call(VendorRequest(.get, path))
            for element in page["data"].elements {
                found.append(try reading(element, call, as: read))
            }
            guard page["has_more"].bool == true, let last = page["data"].elements.last?["id"].string else {
                return found
            }
            after = last
        }
        throw StripeFailure(.lookupTooWide(pages: Self.pageLimit), call: http.call(VendorRequest(.get, path)))
    }

    private func send<Value>(
        _ request: VendorRequest, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(StripeFailure) -> Value {
        let response: VendorResponse
        do {
            response = try await http.send(request)
        } catch {
            throw StripeFailure(error, call: http.call(request))
        }
        let call = http.call(request, requestID: response.header("Request-Id"))
        guard response.isSuccess else { throw StripeFailure(response, call: call) }
        guard let json = response.json else {
            throw StripeFailure(.unreadable("no JSON in status \(response.status)"), call: call)
        }
        return try reading(json, call, as: read)
    }

    private func reading<Value>(
        _ json: JSON, _ call: VendorCall, as read: (JSON) throws(JSONMismatch) -> Value
    ) throws(StripeFailure) -> Value {
        do {
            return try read(json)
        } catch {
            throw StripeFailure(.unreadable(error.description), call: call)
        }
    }
}
