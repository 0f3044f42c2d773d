// Where people ask about their data. A shopper proves the mailbox by following a link; what the page answers
// never tells whether the store knows an address. A merchant asks on a shopper's behalf and a user about the
// own account; both are known by then. A request and the run that answers it are made in one transaction.

import Commerce
import CommerceStore
import Foundation

/// Starts the run that answers a request, inside the transaction that notes it.
package typealias AnswerPersonalData =
    @Sendable (_ request: PersonalDataRequest, _ room: Transaction<OneTenant>) async throws -> Void

package struct PersonalDataDesk: Sendable {
    private let database: Database
    private let credentials: Credentials
    private let letterhead: @Sendable (String) -> String
    private let answer: AnswerPersonalData
    private let post: PostLetter

    /// - Parameters:
    ///   - letterhead: the sender of letters in a store's name, `"Casa Verde" <hello@mail.example>`.
    ///   - post: what sends letters.
    package init(
        database: Database, credentials: Credentials, letterhead: @escaping @Sendable (String) -> String,
        answer: @escaping AnswerPersonalData, post: @escaping PostLetter
    ) {
        self.database = database
        self.credentials = credentials
        self.letterhead = letterhead
        self.answer = answer
        self.post = post
    }

    private var requests: PersonalDataRequests { PersonalDataRequests(credentials) }

    // MARK: - Shoppers

    /// Writes to the address if the store knows it, and says nothing about it.
    package func ask(
        _ kind: PersonalDataKind, of person: EmailAddress, on request: WebRequest
    ) async throws {
        let now = request.receivedAt
        let throttle = Throttle(database)
        try await throttle.pass(.letterAddress, request.clientNetwork, at: now)
        try await throttle.pass(.letterAccount, "\(request.store.tenant) \(person.canonical)", at: now)
        try await EvenPace.keep { try await writeProof(kind, of: person, on: request) }
    }

    private func writeProof(
        _ kind: PersonalDataKind, of person: EmailAddress, on request: WebRequest
    ) async throws {
        try await database.transaction(for: request.store.tenant) { tx in
            guard try await ShopperData(person, in: tx).isKnown else { return }
            let id = try await requests.openUnproven(
                PersonalDataRequests.Draft(
                    kind, of: person, askedBy: .person, actor: "the person", language: request.language),
                at: request.receivedAt, in: tx)
            let link = "\(request.origin)\(request.address("/personal-data/confirm"))"
            let letter = PersonalDataLetter(
                .proof(kind, link: "\(link)?token=\(LetterTokens.mark(of: id.rawValue))"), request.language,
                sender: request.store.name)
            let message = try await Emails().queue(
                Emails.Draft(
                    cause: "personal-data-proof:\(id)", order: nil,
                    sender: letterhead(request.store.name), recipient: person.rawValue,
                    replyTo: try await Stores().load(in: tx).contactEmail, language: request.language,
                    subject: letter.subject, html: letter.html, plain: letter.plain), in: tx)
            guard message.status == .queued else { return }
            try await post(message.id, tx)
        }
    }

    /// What a link in a letter would do, for the page that asks once more. Nil when it no longer holds.
    package func unproven(
        _ token: SecretToken, on request: WebRequest
    ) async throws -> PersonalDataKind? {
        try await database.transaction(for: request.store.tenant) { tx in
            try await requests.unproven(token, at: request.receivedAt, in: tx)?.kind
        }
    }

    /// The mailbox is theirs: the answer begins. Nil when the link no longer holds.
    package func confirm(
        _ token: SecretToken, on request: WebRequest
    ) async throws -> PersonalDataKind? {
        try await database.transaction(for: request.store.tenant) { tx in
            let found = try await requests.unproven(token, at: request.receivedAt, in: tx)
            guard let found else { return nil }
            if let begun = try await requests.begin(found.id, in: tx) { try await answer(begun, tx) }
            return found.kind
        }
    }

    /// The copy that a letter's link leads to, while it lasts.
    package func copy(_ token: SecretToken, on request: WebRequest) async throws -> String? {
        try await database.transaction(for: request.store.tenant) { tx in
            try await PersonalDataDocuments(credentials).find(token, at: request.receivedAt, in: tx)
        }
    }

    // MARK: - Merchants and users

    /// Asks on somebody's behalf, or about the own account. The same request, while it is under way, is one.
    package func ask(
        _ draft: PersonalDataRequests.Draft, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> PersonalDataRequest {
        let (request, isFirst) = try await requests.open(draft, at: now, in: room)
        if isFirst { try await answer(request, room) }
        return request
    }

    package func recent(in room: Transaction<OneTenant>) async throws -> [PersonalDataRequest] {
        try await requests.recent(in: room)
    }

    package func copy(
        of id: PersonalDataRequestID, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> String? {
        try await PersonalDataDocuments(credentials).find(id, at: now, in: room)
    }
}

extension WebResponse {
    /// A file to keep, which no cache stores.
    package static func download(_ text: String, named name: String) -> WebResponse {
        var response = WebResponse.text(text, type: "application/json")
        response.headers["Content-Disposition"] = "attachment; filename=\"\(name)\""
        return response
    }
}
