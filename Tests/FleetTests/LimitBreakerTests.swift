import Durable
import Foundation
import Testing

@testable import Fleet

@Suite("Circuit breakers")
struct LimitBreakerTests {
    static let rules = BreakerRules(
        failures: 3, openFor: .seconds(10), longest: .seconds(35), probeFor: .seconds(90))

    static func opened() -> Breaker {
        var breaker = Breaker(rules)
        for _ in 0..<3 { breaker.failed(0, at: 1_000) }
        return breaker
    }

    @Test("failures in a row open it, a success in between starts the count anew")
    func opens() {
        var breaker = Breaker(Self.rules)
        breaker.failed(0, at: 1)
        breaker.failed(0, at: 2)
        breaker.succeeded(0)
        breaker.failed(0, at: 3)
        breaker.failed(0, at: 4)
        #expect(breaker.allow(at: 5) == .allowed(generation: 0, isProbe: false))

        breaker.failed(0, at: 1_000)

        #expect(breaker.allow(at: 1_001) == .refused(until: 11_000))
    }

    @Test("after its time one caller probes and the others wait")
    func probes() {
        var breaker = Self.opened()

        #expect(breaker.allow(at: 10_999) == .refused(until: 11_000))
        #expect(breaker.allow(at: 11_000) == .allowed(generation: 1, isProbe: true))
        #expect(breaker.allow(at: 11_001) == .refused(until: 101_000))
        breaker.succeeded(1)
        #expect(breaker.allow(at: 11_002) == .allowed(generation: 1, isProbe: false))
    }

    @Test("a failed probe opens it for twice as long, up to a limit")
    func reopens() {
        var breaker = Self.opened()
        var now: Int64 = 11_000
        var pauses: [Int64] = []
        for generation in 1...3 {
            _ = breaker.allow(at: now)
            breaker.failed(generation, at: now)
            guard case .open(let until) = breaker.position else { break }
            pauses.append(until - now)
            now = until
        }

        #expect(pauses == [20_000, 35_000, 35_000])
    }

    @Test("a lost probe is given to another caller")
    func lostProbe() {
        var breaker = Self.opened()
        _ = breaker.allow(at: 11_000)

        #expect(breaker.allow(at: 101_000) == .allowed(generation: 1, isProbe: true))
    }

    @Test("what was admitted before it opened says nothing about now")
    func late() {
        var breaker = Self.opened()

        breaker.succeeded(0)
        breaker.failed(0, at: 2_000)

        #expect(breaker.position == .open(until: 11_000))
    }

    @Test("Redis makes the same transitions as the table", arguments: 1...8)
    func same(_ seed: UInt64) async throws {
        let limits = try await TimedLimits.make()
        var generator = SplitMix(state: seed)
        var breaker = Breaker(Self.rules)
        var now = LimitTests.start
        var generations = [0]
        for _ in 0..<120 {
            now += Int.random(in: 0..<9_000, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                let expected = breaker.allow(at: Int64(now))
                #expect(try await limits.breaker(at: now) == expected, "seed \(seed)")
                if case .allowed(let generation, _) = expected { generations.append(generation) }
            case 2:
                let generation = generations.suffix(3).randomElement(using: &generator) ?? 0
                breaker.succeeded(generation)
                try await limits.report(true, generation, Self.rules, at: now)
            default:
                let generation = generations.suffix(3).randomElement(using: &generator) ?? 0
                breaker.failed(generation, at: Int64(now))
                try await limits.report(false, generation, Self.rules, at: now)
            }
        }
    }
}

/// A small seeded generator, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
