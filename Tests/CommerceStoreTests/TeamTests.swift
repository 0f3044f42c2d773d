import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite("Teams and what plans leave room for")
struct TeamTests {
    private func secrets() throws -> LetterTokens {
        let key = Data(repeating: 7, count: 32).base64EncodedString()
        return LetterTokens(try Credentials(key))
    }

    private func invite(
        _ shop: TestShop, at moment: Date = TestShop.now
    ) async throws -> TeamInvitation {
        let secrets = try secrets()
        return try await shop.transaction { tx in
            try await TeamInvitations(shop.database).invite(
                EmailAddress(unchecked: "g\(UUID().uuidString.lowercased())@example.test"), as: .staff,
                by: UserID(rawValue: shop.tenant.rawValue), at: moment, secrets: secrets, in: tx)
        }
    }

    @Test("a token leads to its store, and nothing of it is seen or done in another one")
    func isolation() async throws {
        let (shop, other) = (try await TestShop.open(), try await TestShop.open())
        let invitations = TeamInvitations(shop.database)
        let made = try await invite(shop)
        let token = try secrets().token(of: made.id)

        #expect(try await invitations.store(of: token) == shop.tenant)
        try await other.transaction { tx async throws in
            #expect(try await invitations.find(token, at: TestShop.now, in: tx) == nil)
            #expect(try await invitations.open(at: TestShop.now, in: tx) == [])
            #expect(try await !invitations.revoke(made.id, at: TestShop.now, in: tx))
            #expect(try await invitations.team(in: tx).map(\.user.rawValue) == [other.tenant.rawValue])
        }
        try await shop.transaction { tx async throws in
            #expect(try await invitations.find(token, at: TestShop.now, in: tx)?.id == made.id)
        }
    }

    @Test("an answered invitation is spent, and who is in already keeps what they are")
    func spent() async throws {
        let (shop, guest) = (try await TestShop.open(), try await TestShop.open())
        let invitations = TeamInvitations(shop.database)
        let user = UserID(rawValue: guest.tenant.rawValue)
        let made = try await invite(shop)
        let token = try secrets().token(of: made.id)

        try await shop.transaction { tx in
            try await Memberships(shop.database).set(.viewer, for: user, in: tx)
            try await invitations.accept(made, as: user, at: TestShop.now, in: tx)
        }

        try await shop.transaction { tx async throws in
            #expect(try await invitations.find(token, at: TestShop.now, in: tx) == nil)
            #expect(try await Memberships(shop.database).role(of: user, in: tx) == .viewer)
            #expect(try await !invitations.revoke(made.id, at: TestShop.now, in: tx))
        }
        #expect(try await invitations.store(of: token) == nil)
    }

    @Test("with the end of an unanswered invitation its address goes, though the store never invites again")
    func forgotten() async throws {
        let shop = try await TestShop.open()
        // Long before the invitations of the other tests, which are in the same table.
        let then = TestShop.now.addingTimeInterval(-60 * 86_400)
        // The later one first: who invites clears away what has expired in that store by then.
        let kept = try await invite(shop)
        let old = try await invite(shop, at: then)
        let addresses: Query = """
            select ending, email from shop.store_invitation
            where tenant_id = \(shop.tenant.rawValue) order by created_at
            """

        let early = then.addingTimeInterval(6 * 86_400)
        _ = try await shop.database.platformTransaction {
            try await TeamInvitations.expire(at: early, in: $0)
        }
        let before = try await shop.transaction { try await $0.execute(addresses) }
        #expect(try before.rows[0].decode("email", as: String?.self) == old.email.canonical)

        let late = then.addingTimeInterval(8 * 86_400)
        let gone = try await shop.database.platformTransaction {
            try await TeamInvitations.expire(at: late, in: $0)
        }

        #expect(gone >= 1)
        let after = try await shop.transaction { try await $0.execute(addresses) }
        #expect(try after.rows[0].decode("ending", as: String?.self) == "expired")
        #expect(try after.rows[0].decode("email", as: String?.self) == nil)
        #expect(try after.rows[1].decode("email", as: String?.self) == kept.email.canonical)
    }

    @Test("an invitation holds for a week, and so many wait at most")
    func limits() async throws {
        let shop = try await TestShop.open()
        let invitations = TeamInvitations(shop.database)
        let made = try await invite(shop)
        for _ in 1..<TeamInvitations.limit { _ = try await invite(shop) }

        await #expect(throws: InvitationRefusal.tooMany(limit: TeamInvitations.limit)) {
            _ = try await invite(shop)
        }
        let token = try secrets().token(of: made.id)
        let end = TestShop.now.addingTimeInterval(TeamInvitations.lifetime.timeInterval)
        try await shop.transaction { tx async throws in
            #expect(try await invitations.find(token, at: end.addingTimeInterval(-1), in: tx) != nil)
            #expect(try await invitations.find(token, at: end, in: tx) == nil)
            #expect(try await invitations.open(at: end, in: tx) == [])
        }
    }
}
