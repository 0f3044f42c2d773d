// What the two answers to a person have in common: whose data, which letters, and the history that the engine
// has sealed under the person's key.

import Commerce
import CommerceStore
import Durable
import Fleet
import FoundationEssentials
import Resend

/// What the engine has recorded about people, sealed under a key per person.
package protocol SealedHistory: Sendable {
    /// Makes it unreadable for ever. Again changes nothing.
    func forget(_ person: PersonSubject, of tenant: Tenant) async throws
}

/// For processes that seal nothing: no run is about a person, so none holds more than ids and amounts.
package struct UnsealedHistory: SealedHistory {
    package init() {}
    package func forget(_ person: PersonSubject, of tenant: Tenant) async throws {}
}

/// The engine's own: the key is destroyed, and with it every payload in every table of the history.
package struct FleetHistory: SealedHistory {
    private let subjects: Subjects

    package init(_ runs: Runs) { subjects = Subjects(runs) }

    package func forget(_ person: PersonSubject, of tenant: Tenant) async throws {
        _ = try await subjects.erase(
            Subject(person.name), of: tenant,
            by: Mandate(actor: "personal_data", reason: "the person asked to be erased"))
    }
}

extension Shop {
    var personalData: PersonalDataRequests { PersonalDataRequests(credentials) }

    /// The name under which letters about somebody's data go out in this room, and the address to answer to.
    func signature(
        of request: PersonalDataRequest, in room: Transaction<OneTenant>
    ) async throws -> (name: String, replyTo: String?) {
        guard request.about == .shopper else { return ("CartFlux", nil) }
        let store = try await Stores().load(in: room)
        return (store.name, store.contactEmail)
    }

    /// Queues a letter about a request, together with the run that sends it. What stands in it is erased with
    /// the rest.
    func write(
        _ news: PersonalDataLetter.News, _ cause: String, about request: PersonalDataRequest,
        in room: Transaction<OneTenant>
    ) async throws {
        let (name, replyTo) = try await signature(of: request, in: room)
        let letter = PersonalDataLetter(news, request.language, sender: name)
        let message = try await Emails().queue(
            Emails.Draft(
                cause: "\(cause):\(request.id)", order: nil, sender: OutgoingMessage.sender(name, at: sender),
                recipient: try await personalData.contact(of: request.id, in: room).rawValue,
                replyTo: replyTo, language: request.language, subject: letter.subject, html: letter.html,
                plain: letter.plain), in: room)
        guard message.status == .queued else { return }
        try await starter.start(
            SendLetter.self, SendLetter.Input(letter: message.id), once: "letter:\(message.id)", with: room)
    }
}

/// Starts the run that answers a request, in the transaction that notes it.
package struct PersonalDataStarter: Sendable {
    private let starter: any RunStarter

    package init(_ starter: any RunStarter) { self.starter = starter }

    package func start(_ request: PersonalDataRequest, in room: Transaction<OneTenant>) async throws {
        let key = "personal-data:\(request.id)"
        switch request.kind {
        case .export:
            try await starter.start(
                ExportPersonalData.self, ExportPersonalData.Input(request: request.id), once: key, with: room)
        case .erasure:
            try await starter.start(
                ErasePersonalData.self, ErasePersonalData.Input(request: request.id), once: key, with: room)
        }
    }
}
