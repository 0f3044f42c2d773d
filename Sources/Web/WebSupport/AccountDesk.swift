// Signing up, in and out, and a forgotten password. The desk answers alike whether an address is known or
// not, and in the same time; what differs goes to the mailbox alone. Attempts are limited by
// account and by network address, in the database, so that the limit holds across processes.

import Commerce
import CommerceStore
import Foundation

/// Starts the run that sends a queued letter, inside the transaction that queued it.
package typealias PostLetter =
    @Sendable (_ letter: EmailID, _ room: Transaction<OneTenant>) async throws -> Void

package struct AccountDesk: Sendable {
    package let database: Database
    package let accounts: Accounts
    package let sessions: AccountSessions
    private let passwords: Passwords
    private let secrets: LetterTokens
    private let throttle: Throttle
    private let sender: String
    private let post: PostLetter

    /// - Parameters:
    ///   - sender: as letters show it, `CartFlux <hello@mail.example>`.
    ///   - post: what sends letters.
    package init(
        database: Database, passwords: Passwords, secrets: LetterTokens, sender: String,
        post: @escaping PostLetter
    ) {
        self.database = database
        accounts = Accounts(database)
        sessions = AccountSessions(database)
        self.passwords = passwords
        self.secrets = secrets
        throttle = Throttle(database)
        self.sender = sender
        self.post = post
    }

    // MARK: - Signing up

    package struct SignUp: Sendable {
        package let email: EmailAddress
        package let name: String
        package let password: String
        package let language: Language
        /// The code of the affiliate whose link led here.
        package let referrer: String?

        package init(
            email: EmailAddress, name: String, password: String, language: Language, referrer: String? = nil
        ) {
            self.referrer = referrer
            self.email = email
            self.name = name
            self.password = password
            self.language = language
        }
    }

    /// Writes to the address: a link that finishes the sign-up, or the news that it has an account already.
    package func signUp(_ wish: SignUp, on request: WebRequest) async throws {
        try await passLetter(to: wish.email, request)
        let hash = try await busyNamed { try await passwords.hash(wish.password) }
        do {
            try await write(to: wish, hash, request)
        } catch StoreError.refused(.emailTaken) {
            // Somebody signed up with the address at the same moment; now it is known.
            try await write(to: wish, hash, request)
        }
    }

    private func write(to wish: SignUp, _ hash: String, _ request: WebRequest) async throws {
        let known = try await accounts.find(wish.email)
        let id = known?.id ?? UserID()
        try await database.transaction(for: id.room) { room in
            if known == nil {
                try await accounts.add(
                    id, email: wish.email, name: wish.name, language: wish.language, in: room)
                if let code = wish.referrer {
                    _ = try await Affiliates().attribute(toCode: code, at: request.receivedAt, in: room)
                }
            }
            if let known, known.isVerified {
                try await send(.alreadyKnown, to: known.email, known.language, request, in: room)
            } else {
                let token = try await AccountTokens().issue(
                    .verify, passwordHash: hash,
                    for: AccountTokens.Person(name: wish.name, language: wish.language),
                    at: request.receivedAt, secrets: secrets, in: room)
                try await send(.verify(token), to: wish.email, wish.language, request, in: room)
            }
        }
    }

    /// Finishes a sign-up: the link shows that the mailbox is theirs, the password that they asked for it.
    /// Signs in. Nil when the link or the password is not right.
    package func verify(
        _ token: SecretToken, password: String, on request: WebRequest
    ) async throws -> SecretToken? {
        try await passAddress(request)
        guard let owner = try await accounts.owner(of: token) else { return nil }
        let now = request.receivedAt
        let grant = try await database.transaction(for: owner.room) { room in
            try await AccountTokens().find(token, .verify, at: now, in: room)
        }
        let isRight = try await busyNamed { try await passwords.isRight(password, for: grant?.passwordHash) }
        guard isRight else { return nil }
        return try await database.transaction(for: owner.room) { room in
            // Looked up again, now for keeps: of two who come at once one finds it spent.
            let held = try await AccountTokens().find(token, .verify, at: now, in: room)
            guard let held, let hash = held.passwordHash else { return nil }
            // Another may have signed up with this address before, under whatever name.
            if let person = held.person { try await accounts.introduce(person, as: owner, in: room) }
            return try await admit(owner, hash, in: room, at: now)
        }
    }

    // MARK: - Signing in and out

    /// Nil for a wrong password and for an address that nobody has: the same answer, after the same work.
    package func signIn(
        _ email: EmailAddress, password: String, on request: WebRequest
    ) async throws -> SecretToken? {
        let now = request.receivedAt
        try await passAddress(request)
        try await throttle.pass(.signInAccount, email.canonical, at: now)
        let account = try await accounts.find(email)
        let stored = account.flatMap { $0.isVerified ? $0.passwordHash : nil }
        let isRight = try await busyNamed { try await passwords.isRight(password, for: stored) }
        guard isRight, let account else { return nil }
        let previous = SignedInCookie.merchant.token(of: request)
        let token = try await database.transaction(for: account.id.room) { room in
            try await sessions.open(at: now, in: room)
        }
        if let previous { try await sessions.close(previous) }
        return token
    }

    /// Who is signed in at this browser.
    package func session(of request: WebRequest) async throws -> AccountSession? {
        guard let token = SignedInCookie.merchant.token(of: request) else { return nil }
        return try await sessions.find(token, at: request.receivedAt, isVisit: !request.wantsLiveParts)
    }

    package func signOut(_ request: WebRequest) async throws {
        guard let token = SignedInCookie.merchant.token(of: request) else { return }
        try await sessions.close(token)
    }

    // MARK: - A forgotten password

    /// Writes to the address if it has an account, and says nothing about it.
    package func askReset(_ email: EmailAddress, on request: WebRequest) async throws {
        try await passLetter(to: email, request)
        try await EvenPace.keep { try await writeReset(email, request) }
    }

    private func writeReset(_ email: EmailAddress, _ request: WebRequest) async throws {
        guard let account = try await accounts.find(email) else { return }
        try await database.transaction(for: account.id.room) { room in
            let token = try await AccountTokens().issue(
                .reset, at: request.receivedAt, secrets: secrets, in: room)
            try await send(.reset(token), to: account.email, account.language, request, in: room)
        }
    }

    /// Takes a new password, signs every browser out and this one in. Nil when the link no longer holds.
    package func reset(
        _ token: SecretToken, to password: String, on request: WebRequest
    ) async throws -> SecretToken? {
        try await passAddress(request)
        guard let owner = try await accounts.owner(of: token) else { return nil }
        let hash = try await busyNamed { try await passwords.hash(password) }
        let now = request.receivedAt
        return try await database.transaction(for: owner.room) { room in
            guard try await AccountTokens().find(token, .reset, at: now, in: room) != nil else { return nil }
            return try await admit(owner, hash, in: room, at: now)
        }
    }

    // MARK: - What they share

    /// The password is theirs and so is the mailbox. Every link that was sent before is spent.
    private func admit(
        _ owner: UserID, _ hash: String, in room: Transaction<OneTenant>, at now: Date
    ) async throws -> SecretToken {
        try await accounts.setPassword(hash, of: owner, in: room)
        try await accounts.verifyEmail(of: owner, in: room)
        try await AccountTokens().spend(.verify, at: now, in: room)
        try await AccountTokens().spend(.reset, at: now, in: room)
        return try await sessions.open(at: now, in: room)
    }

    private func send(
        _ kind: AccountLetter.Kind, to email: EmailAddress, _ language: Language, _ request: WebRequest,
        in room: Transaction<OneTenant>
    ) async throws {
        let letter = AccountLetter(kind, language, site: request.origin)
        let message = try await Emails().queue(
            Emails.Draft(
                cause: letter.cause, order: nil, sender: sender, recipient: email.rawValue,
                language: language, subject: letter.subject, html: letter.html, plain: letter.plain),
            in: room)
        guard message.status == .queued else { return }
        try await post(message.id, room)
    }

    private func passLetter(to email: EmailAddress, _ request: WebRequest) async throws {
        try await throttle.pass(.letterAddress, request.clientNetwork, at: request.receivedAt)
        try await throttle.pass(.letterAccount, email.canonical, at: request.receivedAt)
    }

    private func passAddress(_ request: WebRequest) async throws {
        try await throttle.pass(.signInAddress, request.clientNetwork, at: request.receivedAt)
    }

    private func busyNamed<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch is PasswordsBusy {
            throw WebProblem(.unavailable, headers: ["Retry-After": "5"])
        }
    }
}

extension SignedInCookie {
    package static let merchant = SignedInCookie("merchant")
    package static let admin = SignedInCookie("admin")
}
