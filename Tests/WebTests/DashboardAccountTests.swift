import CommerceStore
import Foundation
import Testing
import WebSupport

/// Signing up, in and out at the merchants' pages, over HTTP.
@Suite("A merchant's account")
struct DashboardAccountTests {
    @Test("a sign-up is finished by the link in the letter and the password, once")
    func letter() async throws {
        let merchant = try await Merchant.visitor()

        #expect(try await merchant.signUp().body.contains("Look into your mailbox"))
        #expect(try await merchant.signIn().status == 422)
        #expect(try await merchant.verify(password: "another password").status == 422)
        let verified = try await merchant.verify()

        #expect(verified.status == 303 && verified.headers["location"] == "/stores")
        #expect(verified.headers["set-cookie"]?.contains("HttpOnly; SameSite=Lax") == true)
        #expect(try await merchant.get("/stores").status == 200)
        #expect(try await merchant.verify().status == 422)
    }

    @Test("what was typed into a sign-up that is refused is kept, and the password never is")
    func refusedSignUp() async throws {
        let merchant = try await Merchant.visitor()

        let answer = try await merchant.post(
            "/sign-up", ["name": "Ana <i>", "email": "nonsense", "password": "short", "language": "de"])

        #expect(answer.status == 422)
        #expect(answer.body.contains("value=\"Ana &lt;i&gt;\""))
        #expect(answer.body.contains("value=\"nonsense\""))
        #expect(!answer.body.contains("value=\"short\""))
        #expect(answer.body.contains("id=\"email-error\"") && answer.body.contains("id=\"password-error\""))
        #expect(answer.body.contains("value=\"de\" selected"))
    }

    @Test("a wrong password and an address that nobody has get the same answer")
    func wrongPassword() async throws {
        let merchant = try await Merchant.signedUp()
        let stranger = try await Merchant.visitor()

        let wrong = try await merchant.signIn(password: "a wrong password")
        let unknown = try await stranger.signIn()

        #expect(wrong.status == 422 && unknown.status == 422)
        for answer in [wrong, unknown] {
            #expect(answer.body.contains("do not fit together"))
            #expect(!answer.body.contains("a wrong password"))
        }
        #expect(wrong.body.contains("value=\"\(merchant.email)\""))
    }

    @Test("signing in leads to the page that was asked for, never to another site")
    func destination() async throws {
        let merchant = try await Merchant.signedUp()
        let browser = try await Merchant.visitor(merchant.email)

        let asked = try await browser.get("/stores/new")
        #expect(asked.status == 303)
        #expect(asked.headers["location"] == "/sign-in?next=%2Fstores%2Fnew")
        #expect(try await browser.signIn(next: "/stores/new").headers["location"] == "/stores/new")
        for evil in ["//evil.test", "https://evil.test", "/\\evil.test"] {
            #expect(try await browser.signIn(next: evil).headers["location"] == "/stores", "\(evil)")
        }
    }

    @Test("signing out ends the session")
    func signOut() async throws {
        let merchant = try await Merchant.signedUp()

        #expect(try await merchant.post("/sign-out", [:]).headers["location"] == "/sign-in")

        #expect(try await merchant.get("/stores").status == 303)
    }

    @Test("a form from another site, and one without its token, is refused and does nothing")
    func crossSite() async throws {
        let merchant = try await Merchant.signedUp()
        let slug = Merchant.slug()

        let foreign = try await merchant.post(
            "/stores/new", Merchant.store(slug), headers: ["Origin": "http://evil.test"])
        let bare = try await merchant.post(
            "/stores/new", Merchant.store(slug).merging(["form_token": "made-up"]) { $1 })

        #expect(foreign.status == 403 && bare.status == 403)
        #expect(try await merchant.get("/stores").body.contains("You have no store yet"))
    }
}
