import Commerce
import Foundation
import Testing
import VIES
import VendorHTTP
import VendorSandbox

// The client of CartFlux against a VIES that keeps a register and is away when told.

@Suite("The VIES client against the sandbox")
struct SandboxVIESClientTests {
    private static let platform = VATNumber(unchecked: "RO12345674")
    private static let path = "/taxation_customs/vies/rest-api"

    private static func open(_ body: (VIESClient, SandboxDesk) async throws -> Void) async throws {
        try await SandboxDesk.open({ VIESSandbox($0) }, headers: [:]) { desk in
            try await body(VIESClient(base: desk.server.baseURL + path, timeout: .seconds(5)), desk)
        }
    }

    @Test("every example that the form shows is registered, each question has a number of its own")
    func register() async throws {
        try await Self.open { client, desk in
            let first = try await client.check(VATNumber(unchecked: "ATU13585627"), for: Self.platform)
            let second = try await client.check(VATNumber(unchecked: "DE136695976"), for: Self.platform)
            let unknown = try await client.check(VATNumber(unchecked: "DE811569869"), for: Self.platform)

            #expect(first.isValid && second.isValid && !unknown.isValid)
            #expect(first.name == "TRADER ATU13585627" && second.name == nil)
            #expect(Set([first, second, unknown].map(\.consultation)).count == 3)
            #expect(try await desk.objects("consultations").count == 3)
            #expect(desk.calls.count(of: "vat_number.consult") == 3)
        }
    }

    @Test("numbers come and go, and registers are away until they are back")
    func levers() async throws {
        try await Self.open { client, desk in
            let number = VATNumber(unchecked: "DE811569869")
            try await desk.pull("numbers", ["number": "DE811569869", "name": "NEW GMBH"])
            #expect(try await client.check(number, for: Self.platform).name == "NEW GMBH")
            try await desk.pull("numbers", ["number": "DE811569869", "registered": false])
            #expect(try await !client.check(number, for: Self.platform).isValid)

            try await desk.pull("member_states", ["code": "DE", "error": "MS_UNAVAILABLE"])
            let failure = await #expect(throws: VIESFailure.self) {
                try await client.check(number, for: Self.platform)
            }
            #expect(failure?.reason == .unavailable("MS_UNAVAILABLE"))
            let other = VATNumber(unchecked: "ATU13585627")
            #expect(try await client.check(other, for: Self.platform).isValid)
            try await desk.pull("member_states", ["code": "DE"])
            #expect(try await !client.check(number, for: Self.platform).isValid)
        }
    }

    @Test("the numbers of the Commission's test service give each kind of answer")
    func scripted() async throws {
        try await Self.open { client, _ in
            func reason(_ number: String) async -> VIESFailure.Reason? {
                do throws(VIESFailure) {
                    _ = try await client.check(VATNumber(unchecked: number), for: Self.platform)
                    return nil
                } catch {
                    return error.reason
                }
            }
            var answers: [Bool] = []
            for number in ["FR100", "FR200", "FR201"] {
                let answer = try await client.check(VATNumber(unchecked: number), for: Self.platform)
                answers.append(answer.isValid)
            }
            #expect(answers == [true, false, false])
            #expect(await reason("FR301") == .unavailable("MS_UNAVAILABLE"))
            #expect(await reason("FR401") == .blocked("IP_BLOCKED"))
        }
    }

    @Test("an unknown requester costs the consultation number; an injected fault is the service's own")
    func faults() async throws {
        try await Self.open { client, desk in
            let number = VATNumber(unchecked: "ATU13585627")
            let answer = try await client.check(number, for: VATNumber(unchecked: "RO99"))
            #expect(answer.isValid && answer.consultation == nil)

            desk.server.workbench.inject(Fault("POST \(Self.path)/check-vat-number", .softError, count: 1))
            desk.server.workbench.inject(
                Fault("POST \(Self.path)/check-vat-number", .status, status: 503, count: 1))
            for expected in ["MS_UNAVAILABLE", "SERVICE_UNAVAILABLE"] {
                let failure = await #expect(throws: VIESFailure.self) {
                    try await client.check(number, for: Self.platform)
                }
                #expect(failure?.reason == .unavailable(expected))
            }
            #expect(try await client.check(number, for: Self.platform).isValid)
        }
    }
}
