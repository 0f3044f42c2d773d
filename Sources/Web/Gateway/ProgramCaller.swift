// Who asks at the merchants' API: a person by a token, or a program by a key of one store.

import Commerce
import CommerceStore
import WebSupport

enum ProgramCaller: Sendable {
    case person(Account)
    case key(OpenedKey)

    /// The name under which what it does is written down, and whose idempotency keys it uses.
    var principal: String {
        switch self {
        case .person(let account): "user:\(account.id)"
        case .key(let key): "key:\(key.id.uuidString.lowercased())"
        }
    }
}

/// A caller in a store that it may enter.
struct StoreVisit: Sendable {
    let request: WebRequest
    let tenant: TenantID
    /// What the caller is there: a person's role, or `key`.
    let role: String
    let principal: String

    /// Writes down who did it, for whoever asks later.
    func note(
        _ action: String, _ target: String, because reason: String? = nil, in tx: Transaction<OneTenant>
    ) async throws {
        try await Audit().record(
            actor: principal, action: action, target: target, reason: reason, requestID: request.id, in: tx)
    }
}
