// What a client called its request. What really makes a repetition harmless is the quote, which can be
// accepted once only, for ever, on every host. The keys are kept to tell a client that it used one key for
// two different requests; they live in this process for a while and are allowed to be forgotten.

import Commerce
import Crypto
import Foundation
import Synchronization
import WebSupport

final class IdempotencyKeys: Sendable {
    private static let limit = 50_000
    private static let lifetime: TimeInterval = 24 * 3600

    private struct Key: Hashable {
        let tenant: TenantID
        let text: String
    }

    private struct Use {
        let digest: SHA256Digest
        let at: Date
    }

    private let uses = Mutex<[Key: Use]>([:])

    /// Throws `.keyReused` when the key came with another body before.
    func note(_ text: String, tenant: TenantID, body: [UInt8], at now: Date) throws(WebProblem) {
        let digest = SHA256.hash(data: body)
        let key = Key(tenant: tenant, text: text)
        let isSame = uses.withLock { uses -> Bool in
            if let use = uses[key], now.timeIntervalSince(use.at) < Self.lifetime {
                return use.digest == digest
            }
            if uses.count >= Self.limit { uses.removeAll() }
            uses[key] = Use(digest: digest, at: now)
            return true
        }
        guard isSame else { throw WebProblem(.keyReused, "send a new key with a new request") }
    }
}
