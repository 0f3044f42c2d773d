import Durable
import Fleet
import Foundation
import Redis
import TestServers
import Testing
import VendorHTTP

@testable import cartflux

// Each gate has a connection to Redis of its own, as each process of the fleet has.

@Suite("What vendors allow, kept by every process together")
struct VendorGateTests {
    private let account = VendorAccount(vendor: "smartbill", name: UUID().uuidString)
    private let other = VendorAccount(vendor: "smartbill", name: UUID().uuidString)
    private let invoice = VendorRequest(.post, "/SBORO/api/invoice")

    private func gates(
        _ count: Int, breaker: BreakerRules = BreakerRules()
    ) async throws -> [FleetVendorGate] {
        let url = try await TestServers.shared.freshRedisURL()
        return try (0..<count).map { _ in
            let redis = RedisClient(try RedisConfiguration(url))
            return FleetVendorGate(limits: Limits(redis: redis, breaker: breaker), isLive: true)
        }
    }

    private func answer(_ status: Int, _ headers: [(name: String, value: String)] = [])
        -> Result<VendorResponse, TransportFailure>
    {
        .success(VendorResponse(status: status, headers: headers, body: [], receivedAt: Date()))
    }

    /// Until when a call is held back; nil where it may be sent. Its outcome is not told.
    private func heldUntil(
        _ gate: FleetVendorGate, _ request: VendorRequest, _ account: VendorAccount
    ) async throws -> Date? {
        do throws(TransportFailure) {
            _ = try await gate.enter(request, for: account)
            return nil
        } catch {
            guard case .held(let until, _) = error else { throw error }
            #expect(!error.mayHaveHappened)
            return until
        }
    }

    @Test("two processes share one allowance for an account, and another account has its own")
    func shared() async throws {
        let gates = try await gates(2)
        let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    try await heldUntil(gates[number % 2], invoice, account) == nil
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        // Its rule: 20 in any 10 seconds.
        #expect(admitted == 20)
        #expect(try await heldUntil(gates[0], invoice, other) == nil)
    }

    @Test("a gate for sandboxes holds nothing back, unless the key is live")
    func boundless() async throws {
        let url = try await TestServers.shared.freshRedisURL()
        let search = VendorRequest(.get, "/v1/charges/search")
        func refusals(isLive: Bool) async throws -> Int {
            let limits = Limits(redis: RedisClient(try RedisConfiguration(url)))
            let gate = FleetVendorGate(limits: limits, isLive: isLive, isBoundless: true)
            let store = VendorAccount(vendor: "stripe", name: UUID().uuidString)
            var refused = 0
            for _ in 0..<60 where try await heldUntil(gate, search, store) != nil { refused += 1 }
            return refused
        }

        #expect(try await refusals(isLive: false) == 0)
        #expect(try await refusals(isLive: true) > 0)
    }

    @Test("a step of several calls comes to its end however many others wait at the same limit")
    func several() async throws {
        let gate = try await gates(1)[0]
        let search = VendorRequest(.get, "/v1/charges/search")
        let store = VendorAccount(vendor: "stripe", name: UUID().uuidString)
        // Far more than the burst and what comes free meanwhile: all but a few are told to come back.
        let first = AttemptCalls()
        try await AttemptCalls.$current.withValue(first) { _ = try await gate.enter(search, for: store) }
        var refused = 0
        for _ in 0..<40 where try await heldUntil(gate, search, store) != nil { refused += 1 }
        #expect(refused > 20)

        let held = try await AttemptCalls.$current.withValue(first) {
            var held = 0
            for _ in 0..<8 where try await heldUntil(gate, search, store) != nil { held += 1 }
            return held
        }
        let beginner = try await AttemptCalls.$current.withValue(AttemptCalls()) {
            try await heldUntil(gate, search, store)
        }
        #expect(held == 0)
        #expect(beginner != nil, "who begins stands in line all the same")
    }

    @Test(
        "a 429 with Retry-After holds back that kind of call of that account in every process, nothing else")
    func parked() async throws {
        let gates = try await gates(2)
        let store = VendorAccount(vendor: "stripe", name: UUID().uuidString)
        let neighbour = VendorAccount(vendor: "stripe", name: UUID().uuidString)
        let write = VendorRequest(.post, "/v1/refunds")
        let read = VendorRequest(.get, "/v1/refunds/re_1")

        let passage = try await gates[0].enter(write, for: store)
        await passage.left(answer(429, [("Retry-After", "600")]))

        for gate in gates {
            let until = try #require(try await heldUntil(gate, write, store))
            #expect((590...601).contains(until.timeIntervalSinceNow))
            #expect(try await heldUntil(gate, read, store) == nil)
            #expect(try await heldUntil(gate, write, neighbour) == nil)
        }
    }

    @Test("the vendor that blocks a whole account for a refusal has the whole account left alone")
    func blocked() async throws {
        let gates = try await gates(2)
        let passage = try await gates[0].enter(invoice, for: account)
        await passage.left(answer(403))

        let until = try #require(try await heldUntil(gates[1], VendorRequest(.get, "/any"), account))
        #expect((590...601).contains(until.timeIntervalSinceNow))
        #expect(try await heldUntil(gates[1], invoice, other) == nil)
    }

    @Test("failures in one process open the breaker for all, a probe that is answered closes it")
    func breaker() async throws {
        let rules = BreakerRules(failures: 3, openFor: .milliseconds(300), longest: .seconds(1))
        let gates = try await gates(2, breaker: rules)
        for number in 0..<3 {
            let passage = try await gates[0].enter(invoice, for: account)
            await passage.left(number == 0 ? answer(503) : .failure(.noAnswer("reset")))
        }

        #expect(try await heldUntil(gates[1], invoice, account) != nil)
        #expect(try await heldUntil(gates[1], invoice, other) == nil)
        var probe: (any VendorPassage)?
        try await until("the breaker lets a probe through") {
            // Held back until then, which is what is waited for.
            probe = try? await gates[1].enter(invoice, for: account)
            return probe != nil
        }
        #expect(try await heldUntil(gates[0], invoice, account) != nil)
        await probe?.left(answer(200))
        #expect(try await heldUntil(gates[0], invoice, account) == nil)
    }

    @Test("a refusal that the vendor answered says nothing against it, so no breaker opens")
    func answered() async throws {
        let gates = try await gates(1, breaker: BreakerRules(failures: 2))
        for _ in 0..<6 {
            let passage = try await gates[0].enter(invoice, for: account)
            await passage.left(answer(422))
        }
        #expect(try await heldUntil(gates[0], invoice, account) == nil)
    }
}
