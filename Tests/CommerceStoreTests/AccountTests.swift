import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite struct AccountTests {
    private static let cheap = ScryptCost(exponent: 4, parallelism: 1)
    private static let now = TestShop.now

    private func person() async throws -> (database: Database, id: UserID, email: EmailAddress) {
        let database = try await TestPlatform.shared.servers().database
        let id = UserID()
        let email = EmailAddress(unchecked: "p\(UUID().uuidString.lowercased())@example.test")
        try await database.transaction(for: id.room) { room in
            try await Accounts(database).add(
                id, email: email, name: "Ana", language: .romanian, in: room)
        }
        return (database, id, email)
    }

    private static func credentials() throws -> Credentials {
        try Credentials(Data(repeating: 7, count: 32).base64EncodedString())
    }

    // MARK: - Passwords

    @Test("a password opens its own hash and no other, and each hash is its own")
    func passwords() async throws {
        let passwords = Passwords(cost: Self.cheap)
        let stored = try await passwords.hash("correct horse battery")

        #expect(try await passwords.isRight("correct horse battery", for: stored))
        #expect(try await !passwords.isRight("correct horse batterx", for: stored))
        #expect(try await !passwords.isRight("correct horse battery", for: nil))
        #expect(try await !passwords.isRight("correct horse battery", for: "scrypt$nonsense"))
        #expect(try await passwords.hash("correct horse battery") != stored)
        #expect(stored.hasPrefix("scrypt$4$8$1$"))
        #expect(Passwords(cost: ScryptCost(exponent: 5, parallelism: 1)).isOutdated(stored))
    }

    @Test("a crowd is refused instead of queued without end")
    func crowd() async throws {
        let passwords = Passwords(cost: ScryptCost(exponent: 12, parallelism: 1))

        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    do {
                        _ = try await passwords.isRight("x", for: nil)
                        return false
                    } catch {
                        return error is PasswordsBusy
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(refused > 0 && refused < 200)
    }

    // MARK: - One-time codes

    /// RFC 6238, appendix B: the SHA-1 rows, eight digits.
    @Test(
        "one-time codes are those of RFC 6238",
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"), (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ])
    func timeCodes(seconds: Int, expected: String) {
        let secret = TOTP(secret: Data("12345678901234567890".utf8))

        let step = TOTP.step(at: Date(timeIntervalSince1970: TimeInterval(seconds)))

        #expect(secret.code(step: step, digits: 8) == expected)
    }

    @Test("a code counts one step early and late, once, and not two steps away")
    func codeWindow() {
        let secret = TOTP.random()
        let step = TOTP.step(at: Self.now)

        for shift: Int64 in [-1, 0, 1] {
            #expect(secret.step(of: secret.code(step: step + shift), at: Self.now, after: 0) == step + shift)
        }
        #expect(secret.step(of: secret.code(step: step), at: Self.now, after: step) == nil)
        #expect(secret.step(of: secret.code(step: step + 2), at: Self.now, after: 0) == nil)
        #expect(secret.step(of: "", at: Self.now, after: 0) == nil)
        #expect(TOTP(secret: Data("12345678901234567890".utf8)).base32 == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    }

    // MARK: - Tokens and sessions

    @Test("a link works once, for its purpose, until it expires, and its row does not hold it")
    func links() async throws {
        let (database, id, _) = try await person()
        let secrets = LetterTokens(try Self.credentials())
        let tokens = AccountTokens()
        let row = try await database.transaction(for: id.room) { room in
            try await tokens.issue(.verify, passwordHash: "h", at: Self.now, secrets: secrets, in: room)
        }
        let link = try secrets.token(of: row)
        func find(_ purpose: AccountTokens.Purpose, after: TimeInterval) async throws -> Bool {
            try await database.transaction(for: id.room) { room in
                try await tokens.find(
                    link, purpose, at: Self.now.addingTimeInterval(after), in: room) != nil
            }
        }

        #expect(try await Accounts(database).owner(of: link) == id)
        #expect(try await find(.verify, after: 60))
        #expect(try await !find(.reset, after: 60))
        #expect(try await !find(.verify, after: 24 * 3_600))
        try await database.transaction(for: id.room) { try await tokens.spend(.verify, at: Self.now, in: $0) }
        #expect(try await !find(.verify, after: 60))
        let dump = try await TestPlatform.shared.servers().raw.psql(
            "select t::text from shop.account_token t where id = '\(row)'")
        #expect(!dump.contains(link.text))
    }

    @Test("what a link held is forgotten when it is followed, and the link itself after a while")
    func spentLinks() async throws {
        let (database, id, email) = try await person()
        let (_, other, _) = try await person()
        let secrets = LetterTokens(try Self.credentials())
        let servers = try await TestPlatform.shared.servers()
        func issue(at now: Date, to id: UserID) async throws -> UUID {
            try await database.transaction(for: id.room) { room in
                try await AccountTokens().issue(
                    .verify, passwordHash: "hash-of-it",
                    for: AccountTokens.Person(name: "Second", language: .english), at: now,
                    secrets: secrets, in: room)
            }
        }
        // The sweep takes a few at a time, and other tests leave some too.
        func isKept(_ row: UUID) async throws -> Bool {
            try await servers.raw.psql("select count(*) from shop.account_token where id = '\(row)'") == "1"
        }

        let forgotten = try await issue(at: Self.now.addingTimeInterval(-900 * 86_400), to: other)
        let row = try await issue(at: Self.now, to: id)
        try await database.transaction(for: id.room) { room in
            let grant = try await AccountTokens().find(
                secrets.token(of: row), .verify, at: Self.now, in: room)
            let person = try #require(grant?.person)
            try await Accounts(database).introduce(person, as: id, in: room)
            try await AccountTokens().spend(.verify, at: Self.now, in: room)
        }

        #expect(try await Accounts(database).find(email)?.name == "Second")
        let held = try await servers.raw.psql("select t::text from shop.account_token t where id = '\(row)'")
        #expect(!held.contains("hash-of-it") && !held.contains("Second"))
        #expect(try await !isKept(forgotten))
        #expect(try await isKept(row))
    }

    @Test("in another's room nobody gets a password or a proven address")
    func foreignRoom() async throws {
        let (database, id, email) = try await person()
        let (_, other, _) = try await person()

        try await database.transaction(for: other.room) { room in
            try await Accounts(database).setPassword("stolen", of: id, in: room)
            try await Accounts(database).verifyEmail(of: id, in: room)
        }

        let account = try #require(try await Accounts(database).find(email))
        #expect(account.passwordHash == nil && !account.isVerified)
    }

    @Test("a letter holds marks until it is sent")
    func marks() throws {
        let secrets = LetterTokens(try Self.credentials())
        let id = UUID()
        let letter = "go to https://app.test/verify?token=\(LetterTokens.mark(of: id)) now, cartflux-token(x)"

        let sent = try secrets.revealing(letter)

        #expect(try sent.contains("token=\(secrets.token(of: id).text) now"))
        #expect(!sent.contains(id.uuidString.lowercased()))
    }

    @Test("a session ends when it is idle, when its time is over, when it is closed and with a new password")
    func sessions() async throws {
        let (database, id, email) = try await person()
        let sessions = AccountSessions(database)
        func open() async throws -> SecretToken {
            try await database.transaction(for: id.room) { try await sessions.open(at: Self.now, in: $0) }
        }
        func isOpen(_ token: SecretToken, after: TimeInterval) async throws -> Bool {
            try await sessions.find(token, at: Self.now.addingTimeInterval(after)) != nil
        }

        let idle = try await open()
        #expect(try await sessions.find(idle, at: Self.now)?.account.email == email)
        #expect(try await !isOpen(idle, after: AccountSessions.idle + 1))

        let busy = try await open()
        var day: TimeInterval = 0
        while day < AccountSessions.lifetime - 86_400 {
            day += 10 * 86_400
            #expect(try await isOpen(busy, after: min(day, AccountSessions.lifetime - 1)))
        }
        #expect(try await !isOpen(busy, after: AccountSessions.lifetime + 1))

        let closed = try await open()
        try await sessions.close(closed)
        #expect(try await !isOpen(closed, after: 1))

        let old = try await open()
        try await database.transaction(for: id.room) { room in
            try await Accounts(database).setPassword("scrypt", of: id, in: room)
        }
        #expect(try await !isOpen(old, after: 1))
        #expect(try await Accounts(database).find(email)?.passwordHash == "scrypt")
    }

    @Test("a person's room is closed to others")
    func rooms() async throws {
        let (database, id, _) = try await person()
        let (_, other, _) = try await person()
        _ = try await database.transaction(for: id.room) { room in
            try await AccountSessions(database).open(at: Self.now, in: room)
        }

        let seen = try await database.transaction(for: other.room) { room in
            try await room.execute("select id from shop.account_session").rows.count
        }
        let without = try await TestPlatform.shared.servers().app.execute(
            "select id from shop.account_session"
        ).rows.count

        #expect(seen == 0)
        #expect(without == 0)
    }

    // MARK: - Limits

    @Test("attempts are limited across connections, and the bucket fills again")
    func throttle() async throws {
        let throttle = Throttle(try await TestPlatform.shared.servers().database)
        let rule = Throttle.Rule("test", capacity: 3, every: 10)
        let subject = UUID().uuidString

        let passed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<12 {
                group.addTask { try await throttle.take(rule, subject, at: Self.now) == nil }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(passed == 3)
        #expect(try await throttle.take(rule, subject, at: Self.now) == 10)
        // A request that began long ago and was slow: it must not fill the bucket for those after it.
        #expect(try await throttle.take(rule, subject, at: Self.now.addingTimeInterval(-600)) != nil)
        #expect(try await throttle.take(rule, subject, at: Self.now) == 10)
        #expect(try await throttle.take(rule, subject, at: Self.now.addingTimeInterval(10)) == nil)
        #expect(try await throttle.take(rule, "other", at: Self.now) == nil)
    }

    // MARK: - Roles, keys, plans

    @Test("the founder owns the store; others are what the owner made them, and nobody else is anything")
    func roles() async throws {
        let shop = try await TestShop.open()
        let owner = UserID(rawValue: shop.tenant.rawValue)
        let (database, staff, _) = try await person()
        let memberships = Memberships(database)

        try await shop.transaction { try await memberships.set(.staff, for: staff, in: $0) }

        #expect(try await memberships.all(of: owner) == [Membership(tenant: shop.tenant, role: .owner)])
        #expect(try await memberships.all(of: staff) == [Membership(tenant: shop.tenant, role: .staff)])
        #expect(try await memberships.all(of: UserID()).isEmpty)
        try await shop.transaction { try await memberships.remove(owner, in: $0) }
        #expect(try await memberships.all(of: owner).count == 1)
        try await shop.transaction { try await memberships.remove(staff, in: $0) }
        #expect(try await memberships.all(of: staff).isEmpty)
    }

    @Test("a key opens its own store, for what it was made, until it is revoked, and no row holds it")
    func keys() async throws {
        let shop = try await TestShop.open()
        let keys = APIKeys(shop.database)
        let owner = UserID(rawValue: shop.tenant.rawValue)

        let key = try await shop.transaction {
            try await keys.make(named: "Till", for: [.events], by: owner, in: $0)
        }
        func row() async throws -> APIKey { try await shop.transaction { try await keys.all(in: $0)[0] } }
        let made = try await row()
        let opened = try await keys.open(key, at: Self.now)

        #expect(opened?.tenant == shop.tenant && opened?.scopes == [.events])
        #expect(try await keys.open(SecretToken(prefix: APIKeys.prefix), at: Self.now) == nil)
        #expect(key.text.hasPrefix(made.hint) && made.lastUsedAt == nil)
        #expect(try await row().lastUsedAt == Self.now)
        // A busy key does not write with every call.
        _ = try await keys.open(key, at: Self.now.addingTimeInterval(30))
        #expect(try await row().lastUsedAt == Self.now)
        _ = try await keys.open(key, at: Self.now.addingTimeInterval(90))
        #expect(try await row().lastUsedAt == Self.now.addingTimeInterval(90))
        let other = try await TestShop.open()
        #expect(try await other.transaction { try await keys.all(in: $0) }.isEmpty)
        #expect(try await !other.transaction { try await keys.revoke(made.id, at: Self.now, in: $0) })
        #expect(try await shop.transaction { try await keys.revoke(made.id, at: Self.now, in: $0) })
        #expect(try await keys.open(key, at: Self.now) == nil)
        let dump = try await TestPlatform.shared.servers().raw.psql(
            "select k::text from shop.api_key k where id = '\(made.id)'")
        #expect(!dump.contains(key.text))
    }

    @Test("a plan's limits hold at the instant that counts and name the plan that allows more")
    func planLimits() async throws {
        let (database, id, email) = try await person()
        func open() async throws {
            let tenant = TenantID()
            let slug = Slug(unchecked: "s" + tenant.description.replacing("-", with: "").suffix(20))
            try await database.transaction(for: tenant) { tx in
                try await Stores().open(
                    StoreDraft(
                        owner: id, slug: slug, name: "Test", country: .romania, currency: .eur,
                        languages: [.english], contactEmail: email), at: "\(slug).example.test",
                    now: Self.now, in: tx)
            }
        }

        let opened = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    do {
                        try await open()
                        return nil
                    } catch {
                        return "\(error)"
                    }
                }
            }
            return await group.reduce(into: [String?]()) { $0.append($1) }
        }

        #expect(opened.count { $0 == nil } == 1)
        #expect(opened.compactMap(\.self).allSatisfy { $0.contains("the Pro plan does") })
        let shop = try await TestShop.open(plan: .free)
        await #expect(throws: CommerceError.self) {
            try await shop.transaction { try await PlanGate().check(.customDomain, in: $0) }
        }
        await #expect(throws: CommerceError.self) {
            try await shop.transaction { try await PlanGate().check(.ownSupplier, in: $0) }
        }
    }

    // MARK: - Administrators

    @Test("an administrator signs in with both factors, each code once, and a recovery code once")
    func administrators() async throws {
        let servers = try await TestPlatform.shared.servers()
        let admins = Admins(
            servers.database, credentials: try Self.credentials(), passwords: Passwords(cost: Self.cheap))
        let email = EmailAddress(unchecked: "a\(UUID().uuidString.lowercased())@example.test")
        let welcome = try await admins.add(email, name: "Root", password: "a long password")
        let code = welcome.secret.code(step: TOTP.step(at: Self.now))
        func signIn(_ password: String, _ code: String) async throws -> SecretToken? {
            try await admins.signIn(email, password: password, code: code, at: Self.now)
        }

        #expect(try await signIn("a wrong password", code) == nil)
        #expect(try await signIn("a long password", "000000") == nil)
        let session = try #require(try await signIn("a long password", code))
        #expect(try await admins.find(session, at: Self.now)?.email == email)
        #expect(try await signIn("a long password", code) == nil)
        #expect(try await signIn("a long password", welcome.recoveryCodes[0]) != nil)
        #expect(try await signIn("a long password", welcome.recoveryCodes[0]) == nil)
        #expect(try await admins.find(session, at: Self.now.addingTimeInterval(Admins.idle + 1)) == nil)
        try await admins.signOut(session)
        #expect(try await admins.find(session, at: Self.now) == nil)
        #expect(
            try await problem { try await admins.add(email, name: "Again", password: "x") } == .adminTaken)
        await #expect(throws: PostgresError.self) {
            try await servers.app.execute("select id from shop.admin")
        }
    }
}
