// A request that its sender has named is done once, however often it arrives and whichever process it meets.
// The answer is written in the transaction that does the work. So a crash before the commit leaves nothing,
// and after it the same answer is given again: there is no moment in between. A request that was refused has
// changed nothing, is not remembered, and may be mended and sent again under its key.

import Commerce
import CommerceStore
import Crypto
import Foundation
import WebSupport

struct IdempotencyKeys: Sendable {
    /// Marks an answer that was given before.
    static let replayed = "Idempotent-Replayed"
    private static let longest = 255

    private let database: Database
    private let answers: APIAnswers

    init(database: Database, credentials: Credentials) {
        self.database = database
        answers = APIAnswers(credentials)
    }

    /// Does the work in a transaction, once per key. Without a key, where none is required, it is simply
    /// done.
    /// - Parameter principal: whose key it is; two programs may use the same word.
    func answer(
        _ request: WebRequest, as principal: String, in tenant: TenantID, _ use: APIRoute.KeyUse,
        _ work: (Transaction<OneTenant>) async throws -> WebResponse
    ) async throws -> WebResponse {
        guard let key = try Self.key(of: request) else {
            guard use != .required else { throw Self.keyMissing }
            return try await database.transaction(for: tenant) { try await work($0) }
        }
        let named = APIAnswers.Request(
            principal: principal, key: key, fingerprint: Self.fingerprint(of: request))
        return try await database.transaction(for: tenant) { tx in
            switch try await answers.take(named, at: request.receivedAt, in: tx) {
            case .answered(let answer): return WebResponse(answer)
            case .reused: throw WebProblem(.keyReused, "send a new key with a new request")
            case .inFlight:
                throw WebProblem(
                    .keyInFlight, "ask again with the same key", headers: ["Retry-After": "1"])
            case .fresh:
                let response = try await work(tx)
                try await answers.record(
                    APIAnswers.Answer(response), to: named, at: request.receivedAt, in: tx)
                return response
            }
        }
    }

    /// Throws where the request has no key, or none that can be read.
    static func require(in request: WebRequest) throws(WebProblem) {
        guard try key(of: request) != nil else { throw keyMissing }
    }

    private static var keyMissing: WebProblem {
        WebProblem(.keyRequired, "send an Idempotency-Key of 1 to \(longest) characters")
    }

    /// The key, plain or in quotes as the draft of the header writes it.
    private static func key(of request: WebRequest) throws(WebProblem) -> String? {
        guard var key = request.headers["idempotency-key"]?.trimmed else { return nil }
        if key.utf8.count > 1, key.hasPrefix("\""), key.hasSuffix("\"") {
            key = String(key.dropFirst().dropLast())
        }
        guard (1...longest).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw keyMissing }
        return key
    }

    private static func fingerprint(of request: WebRequest) -> Data {
        var hash = SHA256()
        hash.update(data: Data("\(request.method) \(request.path)\n".utf8))
        hash.update(data: Data(request.body))
        return Data(hash.finalize())
    }
}

extension WebResponse {
    fileprivate init(_ answer: APIAnswers.Answer) {
        var headers = [
            "Content-Type": "application/json", "Cache-Control": "no-store",
            IdempotencyKeys.replayed: "true",
        ]
        headers["Location"] = answer.location
        self.init(status: answer.status, headers: headers, body: .bytes(answer.body))
    }
}

extension APIAnswers.Answer {
    fileprivate init(_ response: WebResponse) {
        var bytes: [UInt8] = []
        if case .bytes(let body) = response.body { bytes = body }
        self.init(status: response.status, location: response.headers["Location"], body: bytes)
    }
}
