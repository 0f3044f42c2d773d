package import Commerce
package import Foundation
internal import Postgres

// The people who sign in. Everything that is a person's own (sessions, tokens, letters) lives in the person's
// room: rows whose tenant is the person, reached by the same kind of transaction as a store's. What must be
// known before anybody is known (an address, a token) is asked through functions that answer one exact value.

extension UserID {
    /// The tenant under which a person's own rows stand.
    package var room: TenantID { TenantID(rawValue: rawValue) }
}

/// A person as signing in sees them.
package struct Account: Sendable, Equatable {
    package let id: UserID
    package let email: EmailAddress
    package let name: String
    package let language: Language
    package let passwordHash: String?
    package let isVerified: Bool
}

package struct Accounts: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    package func find(_ email: EmailAddress) async throws -> Account? {
        try await database.shared("select * from shop.account_of_email(\(email.canonical))").rows.first
            .map(Account.init(row:))
    }

    /// Whose token this is; whether it still holds is for `AccountTokens` to say.
    package func owner(of token: SecretToken) async throws -> UserID? {
        try await database.shared("select shop.account_of_token(\(token.hash)) as account").rows.first?
            .idOrNil("account")
    }

    package func owner(ofSession token: SecretToken) async throws -> UserID? {
        try await database.shared("select shop.account_of_session(\(token.hash)) as account").rows.first?
            .idOrNil("account")
    }

    /// Takes the password in force and signs every browser of the person out, all or nothing.
    package func setPassword(_ hash: String, of id: UserID, in room: Transaction<OneTenant>) async throws {
        try await room.execute("select shop.set_password(\(id.rawValue), \(hash))")
    }

    /// Takes the name of whoever turned out to be the owner of the address; nothing once it is proven.
    package func introduce(
        _ person: AccountTokens.Person, as id: UserID, in room: Transaction<OneTenant>
    ) async throws {
        try await room.execute(
            "select shop.introduce(\(id.rawValue), \(person.name), \(person.language.rawValue))")
    }

    package func verifyEmail(of id: UserID, in room: Transaction<OneTenant>) async throws {
        try await room.execute("select shop.verify_email(\(id.rawValue))")
    }

    /// A person that somebody signed up as. Throws `Problem.emailTaken` when another was faster.
    package func add(
        _ id: UserID, email: EmailAddress, name: String, language: Language,
        in room: Transaction<OneTenant>
    ) async throws {
        try await room.execute(
            """
            select shop.add_user(\(id.rawValue), \(email.canonical), \(name), \(language.rawValue))
            """)
    }

    /// The person whose room this is, without the password.
    package func load(in room: Transaction<OneTenant>) async throws -> Account {
        let found = try await room.first(
            """
            select id, email, name, locale, null::text as password_hash,
                email_verified_at is not null as is_verified
            from shop.app_user where id = \(room.tenantUUID)
            """)
        guard let row = found else { throw StoreError.notFound(.user, "\(room.tenant)") }
        return try Account(row: row)
    }
}

extension Account {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        email = EmailAddress(unchecked: try row.decode("email"))
        name = try row.decode("name")
        language = Language(rawValue: try row.decode("locale", as: String.self)) ?? .english
        passwordHash = try row.decode("password_hash")
        isVerified = try row.decode("is_verified")
    }
}

/// What links in letters allow, once each.
package struct AccountTokens: Sendable {
    package init() {}

    package enum Purpose: String, Sendable {
        case verify, reset

        /// A reset is asked for when one is about to use it; a sign-up may be finished the next morning.
        package var lifetime: Duration {
            switch self {
            case .verify: .seconds(24 * 3_600)
            case .reset: .seconds(3_600)
            }
        }
    }

    package struct Grant: Sendable {
        package let id: UUID
        package let purpose: Purpose
        /// The password chosen when the letter was asked for.
        package let passwordHash: String?
        /// The name and the language given with it.
        package let person: Person?
    }

    /// What somebody who signs up says of themselves.
    package struct Person: Sendable, Equatable {
        package let name: String
        package let language: Language

        package init(name: String, language: Language) {
            self.name = name
            self.language = language
        }
    }

    /// Allows something once. The letter carries `LetterTokens.mark(of:)` of the id that is returned.
    package func issue(
        _ purpose: Purpose, passwordHash: String? = nil, for person: Person? = nil, at now: Date,
        secrets: LetterTokens, in room: Transaction<OneTenant>
    ) async throws -> UUID {
        let id = UUID()
        try await room.execute("select shop.sweep_account_tokens(\(now))")
        try await room.execute(
            """
            insert into shop.account_token (tenant_id, id, purpose, token_hash, password_hash, person_name,
                person_locale, created_at, expires_at)
            values (\(room.tenantUUID), \(id), \(purpose.rawValue), \(secrets.token(of: id).hash),
                \(passwordHash), \(person?.name), \(person?.language.rawValue), \(now),
                \(now.addingTimeInterval(purpose.lifetime.timeInterval)))
            """)
        return id
    }

    /// What the token allows now, with its row held; nil when it was used, has expired, or never was.
    package func find(
        _ token: SecretToken, _ purpose: Purpose, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> Grant? {
        try await room.first(
            """
            select id, password_hash, person_name, person_locale from shop.account_token
            where tenant_id = \(room.tenantUUID) and token_hash = \(token.hash)
                and purpose = \(purpose.rawValue) and used_at is null and expires_at > \(now)
            for update
            """
        ).map { row in
            let name = try row.decode("person_name", as: String?.self)
            let locale = try row.decode("person_locale", as: String?.self)
            return Grant(
                id: try row.decode("id"), purpose: purpose,
                passwordHash: try row.decode("password_hash"),
                person: name.map {
                    Person(name: $0, language: locale.flatMap(Language.init(rawValue:)) ?? .english)
                })
        }
    }

    /// Spends every open token of the purpose: whoever has proven one needs none of the others. What was
    /// kept with them is forgotten.
    package func spend(_ purpose: Purpose, at now: Date, in room: Transaction<OneTenant>) async throws {
        try await room.execute(
            """
            update shop.account_token
            set used_at = \(now), password_hash = null, person_name = null, person_locale = null
            where tenant_id = \(room.tenantUUID) and purpose = \(purpose.rawValue) and used_at is null
            """)
    }
}

extension Duration {
    package var timeInterval: TimeInterval {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
