// Inviting people into a store. The invitation and its letter are written in one transaction; the token is
// put in by whoever sends the letter. Letters are limited by address, by store and by who asks, so that a
// store cannot be used to write to strangers.

import Commerce
import CommerceStore
import Foundation

package struct TeamDesk: Sendable {
    package let invitations: TeamInvitations
    private let database: Database
    private let secrets: LetterTokens
    private let sender: String
    private let post: PostLetter

    /// - Parameters:
    ///   - sender: as letters show it, `CartFlux <hello@mail.example>`.
    ///   - post: what sends letters.
    package init(
        database: Database, secrets: LetterTokens, sender: String, post: @escaping PostLetter
    ) {
        self.database = database
        invitations = TeamInvitations(database)
        self.secrets = secrets
        self.sender = sender
        self.post = post
    }

    /// Counts one letter. Throws where there were too many.
    package func passLetter(to email: EmailAddress, of user: UserID, on request: WebRequest) async throws {
        let throttle = Throttle(database)
        for (rule, subject) in [
            (Throttle.Rule.letterAddress, request.clientNetwork), (.invitations, user.description),
            (.letterAccount, email.canonical),
        ] {
            try await throttle.pass(rule, subject, at: request.receivedAt)
        }
    }

    /// Writes the invitation and its letter, in the store's language. Throws `InvitationRefusal`.
    package func invite(
        _ email: EmailAddress, as role: StoreRole, by account: Account, on request: WebRequest,
        in tx: Transaction<OneTenant>
    ) async throws -> TeamInvitation {
        let store = try await Stores().load(in: tx)
        let invitation = try await invitations.invite(
            email, as: role, by: account.id, at: request.receivedAt, secrets: secrets, in: tx)
        let link = "\(request.origin)/invitation?token=\(LetterTokens.mark(of: invitation.id))"
        let letter = TeamLetter(
            store: store.name, inviter: account.name, link: link, store.languages.first ?? .english)
        let message = try await Emails().queue(
            Emails.Draft(
                cause: "invitation:\(invitation.id.uuidString.lowercased())", order: nil, sender: sender,
                recipient: email.rawValue, language: letter.language, subject: letter.subject,
                html: letter.html, plain: letter.plain), in: tx)
        if message.status == .queued { try await post(message.id, tx) }
        return invitation
    }
}

extension Throttle.Rule {
    /// Invitations that one person writes.
    static let invitations = Throttle.Rule("invitations", capacity: 20, every: 300)
}
