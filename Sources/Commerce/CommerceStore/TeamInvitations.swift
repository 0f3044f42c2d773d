package import Commerce
package import Foundation
internal import Postgres

// Who is asked to join a store's team. An invitation is a row of the store with the hash of a token that only
// the letter holds; it works once, for the address it was written to, for a week. With its end the address is
// forgotten: who accepted is a member by then.

/// Somebody who may enter the store.
package struct TeamMember: Sendable, Equatable {
    package let user: UserID
    package let role: StoreRole
    package let name: String
    package let email: EmailAddress
    package let addedAt: Date
}

/// An invitation that nobody has answered yet.
package struct TeamInvitation: Sendable, Equatable {
    package let id: UUID
    package let email: EmailAddress
    package let role: StoreRole
    package let createdAt: Date
    package let expiresAt: Date
}

/// Why nobody is invited.
package enum InvitationRefusal: Error, Sendable, Equatable {
    case memberAlready
    case invitedAlready
    /// So many wait for an answer.
    case tooMany(limit: Int)
    /// A store has one owner, and a team is asked to help.
    case roleNotGiven
}

package struct TeamInvitations: Sendable {
    package static let lifetime: Duration = .seconds(7 * 86_400)
    /// More open ones than any team needs, and few enough that nobody writes to strangers with them.
    package static let limit = 20

    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// The team of the store, its owner first.
    package func team(in tx: Transaction<OneTenant>) async throws -> [TeamMember] {
        try await tx.execute("select * from shop.people_of_store()").rows.map { row in
            TeamMember(
                user: try row.id("user_id"), role: try row.raw("role"), name: try row.decode("name"),
                email: EmailAddress(unchecked: try row.decode("email")), addedAt: try row.decode("added_at"))
        }
    }

    /// Those that still hold, newest first.
    package func open(at now: Date, in tx: Transaction<OneTenant>) async throws -> [TeamInvitation] {
        try await tx.execute(
            """
            select * from shop.store_invitation
            where tenant_id = \(tx.tenantUUID) and ending is null and expires_at > \(now)
            order by created_at desc, id
            """
        ).rows.map(TeamInvitation.init(row:))
    }

    /// Invites an address. The letter carries `LetterTokens.mark(of:)` of the invitation's id. Throws
    /// `InvitationRefusal`.
    package func invite(
        _ email: EmailAddress, as role: StoreRole, by user: UserID, at now: Date, secrets: LetterTokens,
        in tx: Transaction<OneTenant>
    ) async throws -> TeamInvitation {
        guard role != .owner else { throw InvitationRefusal.roleNotGiven }
        // Two invitations at once take turns, so that the limit is one.
        try await tx.execute("select from shop.store where tenant_id = \(tx.tenantUUID) for no key update")
        try await close(as: "expired", "expires_at <= \(now)", at: now, in: tx)
        let address = email.canonical
        if try await team(in: tx).contains(where: { $0.email.canonical == address }) {
            throw InvitationRefusal.memberAlready
        }
        let waiting = try await open(at: now, in: tx)
        if waiting.contains(where: { $0.email.canonical == address }) {
            throw InvitationRefusal.invitedAlready
        }
        guard waiting.count < Self.limit else { throw InvitationRefusal.tooMany(limit: Self.limit) }
        let id = UUID()
        let expiry = now.addingTimeInterval(Self.lifetime.timeInterval)
        try await tx.execute(
            """
            insert into shop.store_invitation (tenant_id, id, email, role, token_hash, invited_by, created_at,
                expires_at)
            values (\(tx.tenantUUID), \(id), \(address), \(role.rawValue), \(try secrets.token(of: id).hash),
                \(user.rawValue), \(now), \(expiry))
            """)
        return TeamInvitation(id: id, email: email, role: role, createdAt: now, expiresAt: expiry)
    }

    /// Ends what nobody answered in time, in all stores, and forgets whom it was written to. Returns how
    /// many; what is above `limit` is left to the next round.
    package static func expire(
        at now: Date, limit: Int = 1_000, in tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.first(
            "select shop.expire_invitations(\(now), \(Int32(clamping: limit))) as gone"
        )?.int("gone") ?? 0
    }

    /// False where it was answered or withdrawn before.
    package func revoke(_ id: UUID, at now: Date, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await close(as: "revoked", "id = \(id)", at: now, in: tx) == 1
    }

    /// The store that a token is for; whether it still holds is for `find` to say.
    package func store(of token: SecretToken) async throws -> TenantID? {
        try await database.shared("select shop.tenant_of_invitation(\(token.hash)) as tenant").rows.first?
            .idOrNil("tenant")
    }

    /// The invitation with its row held; nil when it was answered, has expired, or never was.
    package func find(
        _ token: SecretToken, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> TeamInvitation? {
        try await tx.first(
            """
            select * from shop.store_invitation
            where tenant_id = \(tx.tenantUUID) and token_hash = \(token.hash) and ending is null
                and expires_at > \(now)
            for update
            """
        ).map(TeamInvitation.init(row:))
    }

    /// The invited person joins with the invitation's role. Whoever is in already keeps what they are. The
    /// caller has `find` hold the row and has compared the address.
    package func accept(
        _ invitation: TeamInvitation, as user: UserID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await close(as: "accepted", "id = \(invitation.id)", at: now, in: tx)
        let memberships = Memberships(database)
        guard try await memberships.role(of: user, in: tx) == nil else { return }
        try await memberships.set(invitation.role, for: user, in: tx)
    }

    @discardableResult
    private func close(
        as ending: String, _ which: Query, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            update shop.store_invitation set ending = \(ending), ended_at = \(now), email = null
            where tenant_id = \(tx.tenantUUID) and ending is null and \(which)
            """
        ).affected
    }
}

extension TeamInvitation {
    fileprivate init(row: Row) throws {
        id = try row.decode("id")
        email = EmailAddress(unchecked: try row.decode("email"))
        role = try row.raw("role")
        createdAt = try row.decode("created_at")
        expiresAt = try row.decode("expires_at")
    }
}
