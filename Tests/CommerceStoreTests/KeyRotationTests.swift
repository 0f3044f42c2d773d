import Foundation
import Testing

@testable import Commerce
@testable import CommerceStore

private func key(_ byte: UInt8) -> String {
    Data(repeating: byte, count: 32).base64EncodedString()
}

/// Each in a database of its own, since a change of keys looks at all stores at once.
@Suite("A change of the keys that seal credentials")
struct KeyRotationTests {
    private let before: Credentials
    private let between: Credentials
    private let after: Credentials

    init() throws {
        before = try Credentials(key(7))
        between = try Credentials("2027:\(key(8)), k1:\(key(7))", codes: key(7))
        after = try Credentials("2027:\(key(8))", codes: key(7))
    }

    @Test(
        "keys with names are taken with the one that makes codes alone, and each once",
        arguments: [
            ("2027:\(key(8)),k1:\(key(7))", nil, CredentialsKeyError.codesMissing),
            ("2027:\(key(8)),2027:\(key(7))", key(7), .twice("2027")),
            ("2027:c2hvcnQ=", key(7), .length), (":\(key(8))", key(7), .form), ("c2hvcnQ=", nil, .length),
            ("2027:\(key(8))", "c2hvcnQ=", .codesLength),
        ] as [(String, String?, CredentialsKeyError)])
    func refused(text: String, codes: String?, problem: CredentialsKeyError) {
        #expect(throws: problem) { try Credentials(text, codes: codes) }
    }

    @Test("codes stay what they were, whichever key seals")
    func codes() throws {
        let id = UUID()
        let tokens = try [before, between, after].map { try LetterTokens($0).token(of: id).text }
        #expect(Set(tokens).count == 1)
    }

    @Test("everything is sealed again, in every store and once, and then opens without the old key")
    func rotated() async throws {
        let platform = TestPlatform()
        let shops = [try await TestShop.open(on: platform), try await TestShop.open(on: platform)]
        // More than one transaction takes.
        for number in 0..<130 { try await save("old", "feed:\(number)", shops[0], before) }
        try await save("user:token", "smartbill", shops[1], before)
        let admins = Admins(
            shops[0].database, credentials: before,
            passwords: Passwords(cost: ScryptCost(exponent: 4, parallelism: 1)))
        let address = EmailAddress(unchecked: "ana@ops.test")
        _ = try await admins.add(address, name: "Ana", password: "correct horse battery")
        let answer = APIAnswers.Answer(status: 201, location: nil, body: Array("told once".utf8))
        let request = APIAnswers.Request(
            principal: "shop", key: "k", fingerprint: Data(repeating: 1, count: 32))
        try await shops[1].transaction {
            try await APIAnswers(before).record(answer, to: request, at: TestShop.now, in: $0)
        }
        let rotation = CredentialRotation(shops[0].database, between)
        #expect(try await rotation.usage().map { $0.key } == ["k1"])
        try await rotation.check()
        let early = CredentialRotation(shops[0].database, after)
        await #expect(throws: CredentialsKeyError.missing(["k1"])) { try await early.check() }

        #expect(try await rotation.run(shops[1].tenant) == 2)
        #expect(try await rotation.run() == 130 + 1, "it goes on where it was cut off")
        #expect(try await rotation.run() == 0)

        try await early.check()
        #expect(try await load("feed:129", shops[0], after) == "old")
        #expect(try await load("smartbill", shops[1], after) == "user:token")
        let told = try await shops[1].transaction {
            try await APIAnswers(after).take(request, at: TestShop.now, in: $0)
        }
        #expect(told == .answered(answer))
        #expect(try await early.usage().map { $0.sealed } == [130 + 1 + 1 + 1])
    }

    @Test("what the new key seals already stays, and a key that nobody has stops no other row")
    func disturbed() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let other = try await TestShop.open(on: platform)
        try await save("older", "smartbill", shop, before)
        try await save("lost", "smartbill", other, Credentials("gone:\(key(9))", codes: key(7)))
        try await save("beside it", "feed:2", other, before)
        try await save("newer", "smartbill", shop, between)
        try await save("kept", "feed:1", shop, before)
        let rotation = CredentialRotation(shop.database, between)

        let lost = UnreadableCredential(
            UnreadableCredential.Name("smartbill", of: other.tenant), .keyUnknown("gone"))
        await #expect(throws: StoreError.credentialUnreadable(lost)) {
            try await rotation.run()
        }
        let told = "\(StoreError.credentialUnreadable(lost))"
        #expect(told.hasPrefix("credentialUnreadable(smartbill of store \(other.tenant) is sealed under key"))
        #expect(told.contains("put that key back"))

        #expect(try await load("smartbill", shop, after) == "newer")
        #expect(try await load("feed:1", shop, after) == "kept")
        #expect(try await load("feed:2", other, after) == "beside it")
        await #expect(throws: CredentialsKeyError.missing(["gone"])) { try await rotation.check() }
    }

    @Test("a key that a single row still needs is missed at the start, whatever kind of row it is")
    func lastRow() async throws {
        let answered = try await TestShop.open(on: TestPlatform())
        let request = APIAnswers.Request(
            principal: "shop", key: "k", fingerprint: Data(repeating: 1, count: 32))
        try await answered.transaction {
            try await APIAnswers(before).record(
                APIAnswers.Answer(status: 201, location: nil, body: Array("told".utf8)), to: request,
                at: TestShop.now, in: $0)
        }
        let staffed = try await TestShop.open(on: TestPlatform())
        let admins = Admins(
            staffed.database, credentials: before,
            passwords: Passwords(cost: ScryptCost(exponent: 4, parallelism: 1)))
        _ = try await admins.add(
            EmailAddress(unchecked: "ana@ops.test"), name: "Ana", password: "correct horse battery")
        let connected = try await TestShop.open(on: TestPlatform())
        try await save("login", "smartbill", connected, before)

        for shop in [answered, staffed, connected] {
            let rotation = CredentialRotation(shop.database, after)
            await #expect(throws: CredentialsKeyError.missing(["k1"])) { try await rotation.check() }
        }
    }

    private func save(
        _ secret: String, _ kind: String, _ shop: TestShop, _ credentials: Credentials
    ) async throws {
        try await shop.transaction { try await credentials.save(secret, kind: kind, in: $0) }
    }

    private func load(
        _ kind: String, _ shop: TestShop, _ credentials: Credentials
    ) async throws -> String? {
        try await shop.transaction { try await credentials.load(kind: kind, in: $0) }
    }
}
