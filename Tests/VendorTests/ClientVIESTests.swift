import Commerce
import Durable
import Foundation
import Testing
import VendorHTTP

@testable import VIES

@Suite("Asking VIES")
struct ClientVIESTests {
    private static let number = VATNumber(unchecked: "EL094259216")
    private static let platform = VATNumber(unchecked: "RO12345674")

    private static func client(_ server: CannedServer) -> VIESClient {
        VIESClient(base: server.base, timeout: .seconds(5), now: { Example.now })
    }

    private static func refusal(_ word: String) -> String {
        #"{"actionSucceed":false,"errorWrappers":[{"error":"\#(word)","message":"m"}]}"#
    }

    private static func body(_ request: String?) throws -> JSON {
        try JSON(parsing: #require(request?.components(separatedBy: "\r\n\r\n").last))
    }

    @Test("a question names both numbers, and the answer is evidence")
    func answer() async throws {
        let server = try CannedServer([
            .answer(
                200,
                #"{"countryCode":"EL","vatNumber":"094259216","requestDate":"2026-11-24T01:02:03.004Z","#
                    + #""valid":true,"requestIdentifier":"WAPIAAAAZ1","name":"TRADER","#
                    + #""address":"A STREET  1\n 1000 - ATHENS\n","traderName":"---"}"#)
        ])

        let answer = try await Self.client(server).check(Self.number, for: Self.platform)

        #expect(
            answer
                == VIESAnswer(
                    isValid: true, consultation: "WAPIAAAAZ1", name: "TRADER",
                    address: "A STREET 1, 1000 - ATHENS"))
        #expect(server.requests.first?.hasPrefix("POST /check-vat-number ") == true)
        #expect(
            try Self.body(server.requests.first) == [
                "countryCode": "EL", "vatNumber": "094259216", "requesterMemberStateCode": "RO",
                "requesterNumber": "12345674",
            ])
    }

    @Test("what a register does not tell, and a consultation number that was not given, is nothing")
    func untold() async throws {
        let server = try CannedServer([
            .answer(200, #"{"valid":false,"requestIdentifier":"","name":"---","address":"---"}"#)
        ])

        let answer = try await Self.client(server).check(Self.number, for: nil)

        #expect(answer == VIESAnswer(isValid: false))
        #expect(try Self.body(server.requests.first)["requesterNumber"].isNull)
    }

    @Test("where our own number is not known, it is asked again without")
    func requesterUnknown() async throws {
        let server = try CannedServer([
            .answer(400, Self.refusal("INVALID_REQUESTER_INFO")),
            .answer(200, #"{"valid":true,"requestIdentifier":"","name":"---","address":"---"}"#),
        ])

        let answer = try await Self.client(server).check(Self.number, for: Self.platform)

        #expect(answer == VIESAnswer(isValid: true))
        #expect(server.requests.count == 2)
        #expect(try Self.body(server.requests.last)["requesterMemberStateCode"].isNull)
    }

    @Test("a number that is none is a no")
    func malformed() async throws {
        let server = try CannedServer([.answer(400, Self.refusal("INVALID_INPUT"))])

        #expect(try await !Self.client(server).check(Self.number, for: Self.platform).isValid)
    }

    @Test(
        "a register that is away says neither yes nor no, whatever the status",
        arguments: [
            (200, "MS_UNAVAILABLE"), (500, "SERVICE_UNAVAILABLE"), (200, "TIMEOUT"),
            (400, "GLOBAL_MAX_CONCURRENT_REQ"), (200, "MS_MAX_CONCURRENT_REQ_TIME"), (200, "ANOTHER_WORD"),
        ])
    func away(status: Int, word: String) async throws {
        let server = try CannedServer([.answer(status, Self.refusal(word))])

        let failure = await #expect(throws: VIESFailure.self) {
            try await Self.client(server).check(Self.number, for: Self.platform)
        }

        #expect(failure?.reason == .unavailable(word))
        #expect(failure?.disposition == .transient())
        #expect(failure?.description.hasPrefix("vies:EL POST /check-vat-number: \(word)") == true)
    }

    @Test("whoever is turned away for good needs a person", arguments: ["VAT_BLOCKED", "IP_BLOCKED"])
    func blocked(word: String) async throws {
        let server = try CannedServer([.answer(200, Self.refusal(word))])

        let failure = await #expect(throws: VIESFailure.self) {
            try await Self.client(server).check(Self.number, for: Self.platform)
        }

        #expect(failure?.disposition == .needsAttention(owner: .operator))
        #expect(failure?.code == "vies.blocked")
    }

    @Test(
        "what is neither yes nor no is no answer",
        arguments: [
            (200, "{}"), (200, "<html>"), (503, "{\"valid\":false}"), (404, ""),
            (200, #"{"valid":false,"userError":"MS_UNAVAILABLE"}"#), (200, #"{"actionSucceed":false}"#),
        ])
    func unreadable(status: Int, body: String) async throws {
        let server = try CannedServer([.answer(status, body)])

        let failure = await #expect(throws: VIESFailure.self) {
            try await Self.client(server).check(Self.number, for: nil)
        }

        #expect(failure?.disposition == .transient())
    }
}
