package import Commerce
internal import Postgres

// People who sign in and own stores. They belong to no tenant, so the application's role cannot read or
// write the table as it likes: each thing it may do is a function that names one person.

package struct People: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Makes a person known. Again with the same id changes nothing; throws `Problem.emailTaken` when the
    /// address is another person's.
    package func add(_ id: UserID, email: EmailAddress, name: String, language: Language) async throws {
        _ = try await database.shared(
            "select shop.add_user(\(id.rawValue), \(email.rawValue), \(name), \(language.rawValue))")
    }

    /// The person has shown that the address is theirs.
    package func verifyEmail(of id: UserID) async throws {
        try await database.transaction(for: id.room) { room in
            _ = try await room.execute("select shop.verify_email(\(id.rawValue))")
        }
    }
}
