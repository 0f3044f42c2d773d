import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

@Suite("Signing in at the operators' console")
struct ConsoleSignInTests {
    private func fields(_ person: Operator, code: String, password: String = ConsolePlatform.password)
        -> [String: String]
    {
        ["email": person.email.rawValue, "password": password, "code": code]
    }

    @Test("it takes the password and a one-time code, which works once, and starts a session of its own")
    func bothFactors() async throws {
        let person = try await Operator.make(.viewer)
        let code = person.code()

        let before = try await person.get("/ops")
        #expect(before.status == 303)
        #expect(before.headers["location"] == "/ops/sign-in?next=%2Fops")
        let wrong = try await person.post(
            "/ops/sign-in", fields(person, code: code, password: "a wrong password"))
        #expect(wrong.status == 422)
        #expect(!wrong.body.contains("a wrong password"))
        #expect(try await person.post("/ops/sign-in", fields(person, code: "000000")).status == 422)

        let right = try await person.post("/ops/sign-in", fields(person, code: code))

        #expect(right.status == 303)
        #expect(right.headers["location"] == "/ops")
        #expect(right.headers["set-cookie"]?.contains("HttpOnly; SameSite=Lax") == true)
        #expect(try await person.get("/ops").status == 200)
        let other = try await Operator.make(.viewer)
        #expect(try await other.post("/ops/sign-in", fields(person, code: code)).status == 422)
    }

    @Test("signing in again makes another session and ends the one before; signing out ends that one")
    func rotation() async throws {
        let person = try await Operator.signedIn(.viewer)
        let first = person.session

        let again = try await person.post(
            "/ops/sign-in", fields(person, code: person.welcome.recoveryCodes[0]))

        #expect(again.status == 303)
        let second = person.session
        #expect(second != nil && second != first)
        person.show(first)
        #expect(try await person.get("/ops").status == 303)
        person.show(second)
        #expect(try await person.get("/ops").status == 200)
        #expect(try await person.post("/ops/sign-out", [:]).status == 303)
        person.show(second)
        #expect(try await person.get("/ops").status == 303)
    }

    @Test("after five wrong tries the sixth waits, even when it is right, from any address")
    func lockout() async throws {
        let person = try await Operator.make(.admin)
        for _ in 0..<5 {
            let wrong = try await person.post("/ops/sign-in", fields(person, code: "000000"))
            #expect(wrong.status == 422)
        }

        let right = try await person.post("/ops/sign-in", fields(person, code: person.code()))
        let elsewhere = try await Operator.make(.viewer)
        let other = try await elsewhere.post("/ops/sign-in", fields(person, code: person.code()))

        #expect(right.status == 429)
        #expect(right.headers["retry-after"] != nil)
        #expect(other.status == 429)
        #expect(try await person.get("/ops").status == 303)
    }

    @Test("it leads back to a page of the console, never to another site")
    func destination() async throws {
        for (next, place) in [
            ("/ops/runs", "/ops/runs"), ("//evil.test", "/ops"), ("https://evil.test", "/ops"),
            ("/ops/\\evil", "/ops"), ("/opsx", "/ops"),
        ] {
            let person = try await Operator.make(.viewer)
            var form = fields(person, code: person.code())
            form["next"] = next
            #expect(
                try await person.post("/ops/sign-in", form).headers["location"] == place, "\(next)")
        }
    }

    @Test("no other host serves it, and what a client says of its host is not believed")
    func otherHosts() async throws {
        let person = try await Operator.signedIn(.admin)

        for path in ["/ops", "/ops/runs", "/ops/sign-in"] {
            #expect(try await person.get(path, host: "127.0.0.1").status == 404, "\(path)")
            #expect(try await person.get(path, host: "app.example.test").status == 404, "\(path)")
            #expect(try await person.get(path, host: "shop.example.test").status == 421, "\(path)")
        }
    }

    @Test("a form from another site, and one without its token, is refused")
    func crossSite() async throws {
        let person = try await Operator.signedIn(.operator)
        let run = try await person.failedRun()
        let form = ["reason": "because", "epoch": "7", "status": "failed"]

        let foreign = try await person.post(
            "/ops/runs/\(run)/retry", form, headers: ["Origin": "http://evil.test"])
        let bare = try await person.post(
            "/ops/runs/\(run)/retry", form.merging(["form_token": "made-up"]) { $1 })

        #expect(foreign.status == 403)
        #expect(bare.status == 403)
        #expect(try await person.status(run) == .failed)
        #expect(try await person.audited("\(run)").isEmpty)
    }

    @Test("a disabled administrator is out at once, and another role counts from the next request on")
    func disabled() async throws {
        let person = try await Operator.signedIn(.admin)
        let run = try await person.failedRun()

        #expect(try await person.running.admins.setRole(.viewer, of: person.email))
        let form = ["reason": "because", "epoch": "7", "status": "failed"]
        #expect(try await person.post("/ops/runs/\(run)/retry", form).status == 403)
        #expect(try await person.running.admins.disable(person.email))

        #expect(try await person.get("/ops").status == 303)
    }

    @Test("a disabled administrator is let in again with the factors they had, once")
    func enabled() async throws {
        let person = try await Operator.make(.operator)
        let admins = person.running.admins
        func signIn() async throws -> SecretToken? {
            try await admins.signIn(
                person.email, password: ConsolePlatform.password, code: person.welcome.recoveryCodes[0],
                at: Date())
        }
        #expect(try await !admins.enable(person.email))
        #expect(try await admins.disable(person.email))
        #expect(try await signIn() == nil)

        #expect(try await admins.enable(person.email))

        #expect(try await signIn() != nil)
        #expect(try await !admins.enable(EmailAddress(unchecked: "nobody-\(UUID())@example.test")))
    }
}
