import Commerce
import Foundation
import Testing

@testable import CommerceStore

/// The price list over time, in a database of its own: what is in force there is in force for all stores.
@Suite("Versions of plans")
struct PlanVersionTests {
    private func monthly(_ plan: PlanID, at instant: Date, _ database: Database) async throws -> Int64? {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select monthly_minor from shop.plan_version
                where plan = \(plan.rawValue) and effective_at <= \(instant) order by version desc limit 1
                """
            ).first?.decode("monthly_minor")
        }
    }

    @Test("a version takes effect when its month begins, and the past keeps its figures")
    func takingEffect() async throws {
        let database = try await TestPlatform().servers().database
        let versions = PlanVersions(database)
        let begins = try #require(try await versions.months(after: Date()).first?.at)
        let before = begins.addingTimeInterval(-1)
        var dearer = Plan.pro
        dearer.title = "Pro plus"
        dearer.monthlyPrice = .eur(2900)
        dearer.storeLimit = nil

        let number = try await versions.add(dearer, from: begins, by: "admin", because: "the new year")

        #expect(number == 2)
        #expect(try await versions.takeEffect(at: before) == 0)
        #expect(try await Plans(database).catalogue().plans == [.free, .pro, .business])
        #expect(try await versions.takeEffect(at: begins) == 1)
        #expect(try await Plans(database).catalogue().plans == [.free, dearer, .business])
        #expect(try await versions.takeEffect(at: begins) == 0)
        #expect(try await monthly(.pro, at: before, database) == 1900)
        #expect(try await monthly(.pro, at: begins, database) == 2900)
    }

    @Test("a later version replaces those that had not begun, and the list says which will count")
    func replacing() async throws {
        let versions = PlanVersions(try await TestPlatform().servers().database)
        let months = try await versions.months(after: Date())
        let now = Date()
        #expect(months.count == 12)
        for (month, price) in [(2, Int64(2500)), (4, 2700), (3, 2600)] {
            var plan = Plan.business
            plan.monthlyPrice = .eur(price)
            _ = try await versions.add(plan, from: months[month].at, by: "admin", because: "prices rise")
        }

        let history = try #require(try await versions.all().first { $0.plan.id == .business })

        #expect(history.inForce(at: now)?.number == 1)
        #expect(history.coming(after: now).map(\.number) == [4, 2])
        #expect(history.inForce(at: months[5].at)?.plan.monthlyPrice == .eur(2600))
    }

    @Test("what has begun is never written again, nor in the middle of a month")
    func past() async throws {
        let versions = PlanVersions(try await TestPlatform().servers().database)
        let begins = try #require(try await versions.months(after: Date()).first?.at)

        for instant in [Date(timeIntervalSince1970: 1_700_000_000), begins.addingTimeInterval(86_400)] {
            await #expect(throws: (any Error).self) {
                _ = try await versions.add(.pro, from: instant, by: "admin", because: "a mistake")
            }
        }

        #expect(try await versions.all().allSatisfy { $0.versions.count == 1 })
    }

    @Test("affiliates are told over all accounts, with what may be paid")
    func affiliates() async throws {
        let shop = try await TestShop.open()
        let code = "friend-\(UUID().uuidString.prefix(8).lowercased())"
        let joined = try await shop.database.transaction(for: shop.tenant) { tx in
            try await Affiliates().join(code: code, in: tx)
        }
        let platform = PlatformAffiliates(shop.database)

        let line = try await platform.all(at: Date()).first { $0.id == joined.id }

        #expect(line?.code == code && line?.tenant == shop.tenant)
        #expect(line?.earned == .eur(0) && line?.available == .eur(0) && line?.brought == 0)
        #expect(try await platform.payouts().allSatisfy { $0.tenant != shop.tenant })
    }
}
