import CommerceStore
import Foundation
import Testing
import WebSupport

@testable import Commerce

/// A store's team and its invitations, over HTTP.
@Suite("The team of a store")
struct DashboardTeamTests {
    /// The token of the last invitation that an address got.
    private func token(_ guest: Merchant) throws -> String {
        let letters = guest.running.mailbox.letters(to: guest.email)
        let letter = try #require(letters.last { $0.contains("/invitation?token=") })
        let start = try #require(letter.firstRange(of: "/invitation?token="))
        return String(letter[start.upperBound...].prefix { !$0.isWhitespace })
    }

    private func invite(_ guest: Merchant, _ role: String, by owner: Merchant, _ root: String) async throws {
        let sent = try await owner.post(root, ["act": "invite", "email": guest.email, "role": role])
        #expect(sent.status == 303, "\(sent.body)")
    }

    @Test("an invitation is a letter in the store's language that works once, for its address")
    func invitation() async throws {
        let (owner, guest) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let (other, visitor) = (try await Merchant.signedUp(), try await Merchant.visitor())
        let (store, _) = try await owner.openStore()
        let root = "/stores/\(store)/team"

        try await invite(guest, "staff", by: owner, root)
        let letter = try #require(guest.running.mailbox.letters(to: guest.email).last)
        #expect(letter.hasPrefix("Invitație în echipa magazinului Casa Verde"))
        let link = "/invitation?token=\(try token(guest))"
        #expect(try await owner.get(root).body.contains(guest.email))

        let unsigned = try await visitor.get(link)
        #expect(unsigned.status == 200 && unsigned.body.contains("/sign-in?next=%2Finvitation%3Ftoken%3D"))
        #expect(try await other.get(link).body.contains("was written to another address"))
        #expect(try await other.post("/invitation", ["token": try token(guest)]).status == 403)
        #expect(try await guest.get(link).body.contains("Join Casa Verde"))
        let joined = try await guest.post("/invitation", ["token": try token(guest)])
        #expect(joined.status == 303 && joined.headers["location"] == "/stores")
        #expect(try await guest.get("/stores").body.contains("Casa Verde"))
        #expect(try await guest.get(link).status == 410)
        #expect(try await guest.post("/invitation", ["token": try token(guest)]).status == 410)
        #expect(try await owner.get(root).body.contains("Nobody is invited at the moment"))
        let left = try await WebPlatform.shared.running().raw.psql(
            "select coalesce(email, '-'), ending from shop.store_invitation where tenant_id = '\(store)'")
        #expect(left == "-|accepted", "the address is forgotten with the end")
    }

    @Test("an invitation is withdrawn, and one that is a week old does not hold")
    func endings() async throws {
        let (owner, guest) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let (store, _) = try await owner.openStore()
        let root = "/stores/\(store)/team"
        try await invite(guest, "viewer", by: owner, root)
        let first = "/invitation?token=\(try token(guest))"
        let id = try #require(try await owner.get(root).field("invitation"))

        #expect(try await owner.post(root, ["act": "revoke", "invitation": id]).status == 303)
        #expect(try await owner.post(root, ["act": "revoke", "invitation": id]).status == 404)
        #expect(try await guest.get(first).status == 410)

        try await invite(guest, "viewer", by: owner, root)
        let second = "/invitation?token=\(try token(guest))"
        #expect(try await guest.get(second).status == 200)
        try await WebPlatform.shared.running().raw.psql(
            """
            update shop.store_invitation set created_at = now() - interval '8 days',
                expires_at = now() - interval '1 day' where tenant_id = '\(store)' and ending is null
            """)
        #expect(try await guest.get(second).status == 410)
        #expect(try await guest.post("/invitation", ["token": try token(guest)]).status == 410)
        #expect(try await guest.get(root).status == 404)
    }

    @Test("a wrong address, a member and somebody invited already are refused at the field")
    func refusals() async throws {
        let owner = try await Merchant.signedUp()
        let (store, _) = try await owner.openStore()
        let root = "/stores/\(store)/team"
        let guest = "g\(UUID().uuidString.lowercased())@example.test"
        func ask(_ email: String, role: String = "staff") async throws -> Answer {
            try await owner.post(root, ["act": "invite", "email": email, "role": role])
        }

        let wrong = try await ask("<b>nobody")
        #expect(wrong.status == 422 && wrong.body.contains("value=\"&lt;b&gt;nobody\""))
        #expect(wrong.body.contains("id=\"email-error\""))
        #expect(try await ask(guest, role: "owner").body.contains("id=\"role-error\""))
        #expect(try await ask(owner.email).body.contains("belongs to the team already"))
        #expect(try await ask(guest).status == 303)
        #expect(try await ask(guest.uppercased()).body.contains("is invited already"))
        #expect(try await owner.post(root, ["act": "dance"]).status == 422)
    }

    @Test("the owner appoints and removes, the owner stays, and anybody else may leave")
    func roles() async throws {
        let (owner, guest) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let (store, _) = try await owner.openStore()
        let root = "/stores/\(store)/team"
        try await guest.join(store, as: .staff)
        let ids = try await owner.running.database.transaction(for: store) { tx in
            try await TeamInvitations(owner.running.database).team(in: tx).map { "\($0.user)" }
        }
        #expect(ids.count == 2)

        for act in ["invite", "revoke", "appoint", "remove"] {
            let fields = ["act": act, "member": ids[0], "role": "viewer", "email": "x@example.test"]
            #expect(try await guest.post(root, fields).status == 403, "\(act)")
        }
        #expect(try await guest.get(root).body.contains("Leave the store"))
        #expect(try await !guest.get(root).body.contains("Invite somebody"))
        for (act, status) in [("appoint", 409), ("remove", 409), ("leave", 409)] {
            let fields = ["act": act, "member": ids[0], "role": "viewer"]
            #expect(try await owner.post(root, fields).status == status, "\(act)")
        }
        let demoted = ["act": "appoint", "member": ids[1], "role": "viewer"]
        #expect(try await owner.post(root, demoted).status == 303)
        #expect(try await guest.get("/stores/\(store)/settings").status == 403)
        #expect(
            try await owner.post(root, ["act": "appoint", "member": ids[1], "role": "owner"]).status == 422)
        #expect(try await guest.post(root, ["act": "leave"]).headers["location"] == "/stores")
        #expect(try await guest.get(root).status == 404)
        #expect(try await owner.post(root, ["act": "remove", "member": ids[1]]).status == 404)
    }

    @Test("another store's team is not there, and its invitations cannot be touched from outside")
    func strangers() async throws {
        let (owner, stranger) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let (store, _) = try await owner.openStore()
        let (own, _) = try await stranger.openStore()
        let root = "/stores/\(store)/team"
        #expect(
            try await owner.post(
                root, ["act": "invite", "email": "y@example.test", "role": "viewer"]
            ).status == 303)
        let id = try #require(try await owner.get(root).field("invitation"))

        #expect(try await stranger.get(root).status == 404)
        #expect(try await stranger.post(root, ["act": "revoke", "invitation": id]).status == 404)
        let fromOwn = ["act": "revoke", "invitation": id]
        #expect(try await stranger.post("/stores/\(own)/team", fromOwn).status == 404)
        #expect(try await owner.get(root).body.contains("y@example.test"))
    }
}
