// Who may enter a store, and as what. The owner invites, appoints and removes; anybody else may leave. The
// owner's own place cannot be given away or taken here, so a store always has one. An invitation is a letter:
// whoever follows it signs in with the address it was written to and says yes.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var teamEndpoints: [Endpoint] {
        guard let team else { return [] }
        return [
            privatePage("/stores/:store/team") { request, account in
                try await teamPage(request, account, team, []).response()
            },
            privateForm("/stores/:store/team") { request, account in
                try await actOnTeam(request, account, team)
            },
            page("/invitation") { request in try await invitationPage(request, team) },
            form("/invitation") { request in try await acceptInvitation(request, team) },
        ]
    }

    private static let roleChoices = [
        ("staff", "Staff: the daily business"), ("viewer", "Viewer: reading only"),
    ]
    private static let inviteFields = [
        FormField("email", "E-mail address", type: "email", autocomplete: "email", width: "half"),
        FormField("role", "Role", width: "half", choices: roleChoices),
    ]

    private func teamPage(
        _ request: WebRequest, _ account: Account, _ desk: TeamDesk, _ problems: [FieldError]
    ) async throws -> StorePage {
        let (store, team, open) = try await inStore(request, account, may: .read) { tx in
            (
                try await Stores().load(in: tx), try await desk.invitations.team(in: tx),
                try await desk.invitations.open(at: request.receivedAt, in: tx)
            )
        }
        let root = StorePlace.team.address(in: store.tenant)
        let isOwner = team.contains { $0.user == account.id && $0.role == .owner }
        let rows = team.map { member in
            Self.row(member, account, isOwner: isOwner, request, root)
        }
        let form = FormView(
            request: request, action: root, fields: Self.inviteFields,
            values: request.typed(Self.inviteFields), problems: problems, button: "Invite",
            hidden: [("act", "invite")])
        let invite: HTML? =
            isOwner
            ? """
            <h2>Invitations</h2>\(Self.list(open, request, root))
            <h2>Invite somebody</h2>\(form.html)
            """ : nil
        return StorePage(
            request: request, account: account, store: store, place: .team,
            main: """
                \(HTML.table("The team", ["Name", "E-mail", "Role", "Since", ""], rows))
                <p class="fine">An owner may do everything; staff all but plan, payouts, keys and team; a \
                viewer only reads.</p>\(invite)
                """)
    }

    private static func row(
        _ member: TeamMember, _ account: Account, isOwner: Bool, _ request: WebRequest, _ root: String
    ) -> [HTML] {
        let own: HTML? = member.user == account.id ? " <span class=\"tag\">you</span>" : nil
        let hidden = [("member", member.user.description)]
        var acts: [HTML] = []
        if member.role != .owner, isOwner {
            let other: StoreRole = member.role == .staff ? .viewer : .staff
            acts = [
                request.button(
                    "Make \(other.rawValue)", at: root, act: "appoint",
                    hidden: hidden + [("role", other.rawValue)]),
                request.button("Remove", at: root, act: "remove", hidden: hidden),
            ]
        } else if member.role != .owner, member.user == account.id {
            acts = [request.button("Leave the store", at: root, act: "leave")]
        }
        return [
            "\(member.name)\(own)", "\(member.email.rawValue)", "\(member.role.rawValue)",
            HTML.time(member.addedAt), "<div class=\"acts\">\(acts)</div>",
        ]
    }

    private static func list(
        _ open: [TeamInvitation], _ request: WebRequest, _ root: String
    ) -> HTML {
        guard !open.isEmpty else { return "<p class=\"fine\">Nobody is invited at the moment.</p>" }
        let rows = open.map { one -> [HTML] in
            [
                "\(one.email.rawValue)", "\(one.role.rawValue)", HTML.time(one.expiresAt),
                request.button(
                    "Withdraw", at: root, act: "revoke",
                    hidden: [("invitation", one.id.uuidString.lowercased())]),
            ]
        }
        return .table("Waiting for an answer", ["E-mail", "Role", "Holds until", ""], rows)
    }

    // MARK: - What is done

    private func actOnTeam(
        _ request: WebRequest, _ account: Account, _ desk: TeamDesk
    ) async throws -> WebResponse {
        let act = request.form["act"] ?? ""
        // A stranger is told nothing, also not which actions there are.
        try await inStore(request, account, may: act == "leave" ? .read : .administer) { _ in }
        switch act {
        case "invite": return try await invite(request, account, desk)
        case "revoke": try await revokeInvitation(request, account, desk)
        case "appoint", "remove": try await change(request, account, desk)
        case "leave":
            try await inStore(request, account, may: .read) { tx in
                let role = try await Memberships(database).role(of: account.id, in: tx)
                guard role != .owner else { throw Self.ownerStays }
                try await Memberships(database).remove(account.id, in: tx)
                try await note("team.leave", "user:\(account.id)", account, request, in: tx)
            }
            return .seeOther("/stores")
        default: throw WebProblem(.invalidFields, "there is no such action")
        }
        return .seeOther(request.path)
    }

    private static let ownerStays = WebProblem(.conflict, "the owner stays: a store always has one")

    private func invite(
        _ request: WebRequest, _ account: Account, _ desk: TeamDesk
    ) async throws -> WebResponse {
        func refused(_ field: String, _ reason: String) async throws -> WebResponse {
            try await teamPage(request, account, desk, [FieldError(field, reason)]).response(status: 422)
        }
        guard let email = EmailAddress(rawValue: request.form["email"] ?? "") else {
            return try await refused("email", "is not an address")
        }
        guard let role = request.form["role"].flatMap(StoreRole.init(rawValue:)), role != .owner else {
            return try await refused("role", "must be staff or viewer")
        }
        try await desk.passLetter(to: email, of: account.id, on: request)
        do {
            try await inStore(request, account, may: .administer) { tx in
                let made = try await desk.invite(email, as: role, by: account, on: request, in: tx)
                try await note(
                    "team.invite", "invitation:\(made.id.uuidString.lowercased()) as \(role.rawValue)",
                    account, request, in: tx)
            }
        } catch let refusal as InvitationRefusal {
            return try await refused("email", Self.reason(refusal))
        }
        return .seeOther(request.path)
    }

    private static func reason(_ refusal: InvitationRefusal) -> String {
        switch refusal {
        case .memberAlready: "belongs to the team already"
        case .invitedAlready: "is invited already; withdraw that invitation to write another"
        case .tooMany(let limit): "would be one invitation too many: \(limit) wait for an answer"
        case .roleNotGiven: "cannot be invited as an owner"
        }
    }

    private func revokeInvitation(
        _ request: WebRequest, _ account: Account, _ desk: TeamDesk
    ) async throws {
        guard let id = request.form["invitation"].flatMap({ UUID(uuidString: $0) }) else {
            throw WebProblem(.notFound)
        }
        try await inStore(request, account, may: .administer) { tx in
            guard try await desk.invitations.revoke(id, at: request.receivedAt, in: tx) else {
                throw WebProblem(.notFound, "there is no such invitation")
            }
            try await note(
                "team.revoke", "invitation:\(id.uuidString.lowercased())", account, request, in: tx)
        }
    }

    /// Gives a member another role, or ends the membership.
    private func change(_ request: WebRequest, _ account: Account, _ desk: TeamDesk) async throws {
        guard let user = request.form["member"].flatMap({ UUID(uuidString: $0) }).map(UserID.init(rawValue:))
        else { throw WebProblem(.notFound) }
        let isRemoval = request.form["act"] == "remove"
        let role = request.form["role"].flatMap(StoreRole.init(rawValue:))
        try await inStore(request, account, may: .administer) { tx in
            let memberships = Memberships(database)
            guard let known = try await memberships.role(of: user, in: tx) else {
                throw WebProblem(.notFound, "this person is not in the team")
            }
            guard known != .owner else { throw Self.ownerStays }
            if isRemoval {
                try await memberships.remove(user, in: tx)
                try await note("team.remove", "user:\(user)", account, request, in: tx)
            } else {
                guard let role, role != .owner else {
                    throw WebProblem(.invalidFields, "the role must be staff or viewer")
                }
                try await memberships.set(role, for: user, in: tx)
                try await note(
                    "team.appoint", "user:\(user) as \(role.rawValue)", account, request, in: tx)
            }
        }
    }

    // MARK: - The invited

    private struct Invited: Sendable {
        let token: SecretToken
        let store: Store
        let invitation: TeamInvitation
    }

    private func invited(_ request: WebRequest, _ desk: TeamDesk) async throws -> Invited? {
        guard
            let token = SecretToken(presented: request.query["token"] ?? request.form["token"] ?? ""),
            let tenant = try await desk.invitations.store(of: token)
        else { return nil }
        return try await database.transaction(for: tenant) { tx in
            let found = try await desk.invitations.find(token, at: request.receivedAt, in: tx)
            guard let found else { return nil }
            return Invited(token: token, store: try await Stores().load(in: tx), invitation: found)
        }
    }

    private func invitationPage(_ request: WebRequest, _ desk: TeamDesk) async throws -> WebResponse {
        let session = try await self.desk.session(of: request)
        guard let invited = try await invited(request, desk) else {
            return Self.invitationOver(request, session?.account)
        }
        return DashboardPage(
            request, title: "Invitation", account: session?.account,
            main: """
                <h1>Join \(invited.store.name)</h1>
                <p class="lead">You are invited as \(invited.invitation.role.rawValue).</p>
                \(Self.next(invited, session?.account, request))
                """
        ).response()
    }

    private static func next(
        _ invited: Invited, _ account: Account?, _ request: WebRequest
    ) -> HTML {
        let here = PercentCoding.encode("/invitation?token=\(invited.token.text)")
        guard let account else {
            return """
                <div class="panel stack"><p>Sign in with the address that the letter came to.</p>\
                <p><a class="button" href="\(link: "/sign-in?next=\(here)")">Sign in</a></p>\
                <p>You have no account yet? <a href="/sign-up">Open one</a> with that address, and then \
                follow the link in the letter again.</p></div>
                """
        }
        guard account.email.canonical == invited.invitation.email.canonical else {
            return """
                <div class="note warn"><p>The invitation was written to another address than \
                \(account.email.rawValue). Sign out, and sign in with that one.</p></div>
                """
        }
        return FormView(
            request: request, action: "/invitation", fields: [], button: "Join the team",
            hidden: [("token", invited.token.text)]
        ).html
    }

    private static func invitationOver(_ request: WebRequest, _ account: Account?) -> WebResponse {
        DashboardPage(
            request, title: "Invitation", account: account,
            main: """
                <div class="empty stack"><h1>This invitation does not hold any more</h1>\
                <p>It was answered, withdrawn, or is older than a week. Ask for another one.</p></div>
                """
        ).response(status: 410)
    }

    private func acceptInvitation(_ request: WebRequest, _ desk: TeamDesk) async throws -> WebResponse {
        guard let session = try await self.desk.session(of: request) else { return .seeOther("/sign-in") }
        let account = session.account
        guard let invited = try await invited(request, desk) else {
            return Self.invitationOver(request, account)
        }
        let hasJoined = try await database.transaction(for: invited.store.tenant) { tx in
            // Looked up again, now for keeps: of two who come at once one finds it answered.
            let held = try await desk.invitations.find(invited.token, at: request.receivedAt, in: tx)
            guard let held else { return false }
            guard held.email.canonical == account.email.canonical else {
                throw WebProblem(.forbidden, "the invitation was written to another address")
            }
            try await desk.invitations.accept(held, as: account.id, at: request.receivedAt, in: tx)
            try await note("team.join", "user:\(account.id)", account, request, in: tx)
            return true
        }
        guard hasJoined else { return Self.invitationOver(request, account) }
        return .seeOther("/stores")
    }
}
