import Foundation
import Testing
import VendorSandbox

@testable import DomainRecords

@Suite("Records of domains")
struct DomainRecordTests {
    private static let domain = "shop.example.test"
    private static let target = "casa.cartflux.test"

    private func resolver(_ server: NameServer, patience: Duration = .seconds(5)) -> NameResolver {
        NameResolver(server.resolver, patience: patience)
    }

    private func look(_ server: NameServer) async throws -> DomainFinding {
        try await DomainLookup(resolver(server)).look(
            at: Self.domain, proofName: "_cartflux.\(Self.domain)", proof: "cartflux-domain=secret",
            target: Self.target)
    }

    @Test("addresses, aliases and texts are read from the wire")
    func records() async throws {
        let server = try NameServer()
        server.point(Self.target, at: ["192.0.2.1", "192.0.2.2"])
        server.alias(Self.domain, to: Self.target)
        server.say(["one", "two words"], at: "_x.\(Self.domain)")

        let found = try await resolver(server).records(.address, of: Self.domain)
        let texts = try await resolver(server).records(.text, of: "_x.\(Self.domain)")

        #expect(found == [.alias(Self.target), .address("192.0.2.1"), .address("192.0.2.2")])
        #expect(texts == [.text("one"), .text("two words")])
        #expect(try await resolver(server).records(.text, of: "nothing.example.test").isEmpty)
    }

    @Test("a server that fails or says nothing is not taken for a domain that leads nowhere")
    func failures() async throws {
        let server = try NameServer()
        server.answer(.withFailure)
        await #expect(throws: LookupFailure.self) {
            try await resolver(server).records(.address, of: Self.domain)
        }
        server.answer(.notAtAll)
        await #expect(throws: LookupFailure.silent(Self.domain)) {
            try await resolver(server, patience: .milliseconds(100)).records(.address, of: Self.domain)
        }
        await #expect(throws: LookupFailure.self) {
            try await NameResolver("nonsense").records(.address, of: Self.domain)
        }
    }

    @Test("a domain with its proof and an alias to us is found right")
    func right() async throws {
        let server = try NameServer()
        server.point(Self.target, at: ["192.0.2.1"])
        server.alias(Self.domain, to: Self.target)
        server.say(["other", "cartflux-domain=secret"], at: "_cartflux.\(Self.domain)")

        let finding = try await look(server)

        #expect(finding.isProven && finding.leadsHere)
    }

    @Test("a bare domain may have our addresses instead of an alias")
    func bare() async throws {
        let server = try NameServer()
        server.point(Self.target, at: ["192.0.2.1", "192.0.2.2"])
        server.point(Self.domain, at: ["192.0.2.2"])
        #expect(try await look(server).leadsHere)

        server.point(Self.domain, at: ["192.0.2.2", "198.51.100.7"])

        #expect(try await !look(server).leadsHere)
    }

    @Test("a domain that leads elsewhere, or has another's proof, is found wrong, and where it leads is told")
    func wrong() async throws {
        let server = try NameServer()
        server.point(Self.target, at: ["192.0.2.1"])
        server.point(Self.domain, at: ["198.51.100.7"])
        server.say(["cartflux-domain=another"], at: "_cartflux.\(Self.domain)")

        #expect(
            try await look(server)
                == DomainFinding(isProven: false, leadsHere: false, seen: ["198.51.100.7"]))
        server.forget(Self.domain)
        #expect(try await look(server).seen.isEmpty)
    }

    @Test("a message of any shape is read without harm")
    func garbage() throws {
        let question = RecordMessage.question(7, Self.domain, .address)
        var answer = question
        answer[2] |= 0x80
        answer[7] = 1
        // A name that points at itself, lengths beyond the end, and every way to be cut off.
        let circle =
            Array(answer.prefix(question.count - 11)) + [0xC0, UInt8(question.count - 11), 0, 1, 0, 1]
        #expect(throws: LookupFailure.self) { try RecordMessage.answer(circle, to: 7, Self.domain) }
        for length in 0..<circle.count {
            _ = try? RecordMessage.answer(Array(circle.prefix(length)), to: 7, Self.domain)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var bytes = circle
            for _ in 0..<4 {
                bytes[Int.random(in: 4..<bytes.count, using: &generator)] = UInt8.random(in: .min ... .max)
            }
            _ = try? RecordMessage.answer(bytes, to: 7, Self.domain)
        }
        // Another's answer is waited past.
        #expect(try RecordMessage.answer(circle, to: 8, Self.domain) == nil)
    }
}
