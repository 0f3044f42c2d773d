import Durable
import Foundation
import Testing

@testable import Fleet

@Suite("Fair dispatch")
struct FairTests {
    @Test("weights 3:1 give 3:1, whatever the size of the claims", arguments: [1, 7, 50])
    func weights(_ size: Int) async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "heavy", weight: 3, cap: nil, by: under.mandate)
        let heavy = Set(try await under.ready("heavy", many: 3_600).map(\.id))
        _ = try await under.ready("light", many: 3_600)

        var given: [RunID] = []
        var last: [RunID] = []
        while given.count < 3_000 {
            last = try await under.claim(size, done: last)
            given += last
        }

        let share = given.count { heavy.contains($0) } * 1_000 / given.count
        #expect((738...762).contains(share), "per mille: \(share)")
    }

    @Test("using idle slots alone costs a tenant nothing when others come")
    func noDebt() async throws {
        let under = try await QueueUnderControl.make()
        _ = try await under.ready("early", many: 1_000)
        _ = try await under.claim(900)
        _ = try await under.ready("early", many: 500)
        let late = Set(try await under.ready("late", many: 500).map(\.id))

        let claimed = try await under.claim(200)

        #expect(claimed.count == 200)
        #expect((98...102).contains(claimed.count { late.contains($0) }))
    }

    @Test("one claim of many slots takes everything that a tenant alone has, and leaves nothing behind")
    func large() async throws {
        let under = try await QueueUnderControl.make()
        let runs = Set(try await under.ready("t", many: 1_700).map(\.id))

        let first = try await under.claim(1_200)
        let second = try await under.claim(1_200)

        #expect(first.count == 1_200 && second.count == 500)
        #expect(Set(first + second) == runs)
    }

    @Test("a tenant that slept earns no credit for it")
    func noCredit() async throws {
        let under = try await QueueUnderControl.make()
        _ = try await under.ready("sleeper", many: 1)
        _ = try await under.ready("busy", many: 2_000)
        _ = try await under.claim(1_000)
        let sleeper = Set(try await under.ready("sleeper", many: 500).map(\.id))

        let claimed = try await under.claim(200)

        #expect((98...102).contains(claimed.count { sleeper.contains($0) }))
    }

    @Test("with a crowd of one tenant, the others' first runs come first")
    func crowd() async throws {
        let under = try await QueueUnderControl.make()
        _ = try await under.ready("crowd", many: 5_000)
        var few: Set<RunID> = []
        for tenant in 0..<20 { few.formUnion(try await under.ready("few\(tenant)", many: 3).map(\.id)) }

        let claimed = try await under.claim(70)

        #expect(few.isSubset(of: claimed))
    }

    @Test("within a tenant the higher priority goes first across its workflows, then the older")
    func priorities() async throws {
        let under = try await QueueUnderControl.make()
        let low = try await under.ready("t", "a", many: 3, priority: -10).map(\.id)
        let plain = try await under.ready("t", "b", many: 3).map(\.id)
        let high = try await under.ready("t", "a", many: 3, priority: 10).map(\.id)

        var order: [RunID] = []
        for _ in 0..<9 { order += try await under.claim(1) }

        #expect(Set(order[0..<3]) == Set(high))
        #expect(Set(order[3..<6]) == Set(plain))
        #expect(Set(order[6..<9]) == Set(low))
    }
}
