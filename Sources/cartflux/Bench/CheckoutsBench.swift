// The whole business at once: checkouts from the button to the closed order, against sandboxes on the same
// machine. A round fills baskets, lets many shoppers at once buy and pay until the last order is closed, and
// then sends mirrors of these checkouts through the same worker: the same family of runs with the same
// records, and nothing behind them. What the mirrors cost is the engine's own; the rest is the shop's SQL,
// the calls to vendors, and the web. Neither is guessed, and both met the same machine.

import Durable
import Fleet
import Foundation

/// What a rush cost, for each of its runs.
struct RushLoad: Sendable {
    let perSecond: Double
    let pace: RushPace
    /// Processor time in milliseconds.
    let milliseconds: [BenchParty: Double]
    let writes: ServerWrites

    /// Of some of those who took part.
    func milliseconds(of parties: [BenchParty]) -> Double {
        parties.reduce(0) { $0 + (milliseconds[$1] ?? 0) }
    }
}

/// What one round found.
struct CheckoutRound: Sendable {
    let count: Int
    let checkouts: RushLoad
    let waits: LatencyHistogram
    let records: Double
    let runs: Double
    let longestSteps: [StepTime]
    let alone: LatencyHistogram
    let mirrors: RushLoad
    let mirroredRecords: Double
    let mirrorAlone: LatencyHistogram
}

struct CheckoutsBench: Bench {
    let scene: BenchScene

    static let atOnce = 64
    /// A mirror waits for nothing but the disk, so more of them are needed to keep the machine at work.
    static let mirrorsAtOnce = 256
    private static let warmUp = 64
    private static let alone = 10
    private static let countLimits = 100...3_000
    /// A checkout is long, so a rush of them takes this many times as long as other measurements.
    static let rushes = 4
    private static let stepsShown = 8

    private var database: BenchDatabase { scene.database }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        let rounds = try await BenchShop.with(scene) { shop in
            scene.say("warming up")
            let first = try await checkouts(Self.warmUp, atOnce: Self.atOnce, at: shop)
            let shape = try await database.usualCheckout()
            let mirrors = try await mirrors(of: shape, Self.warmUp, atOnce: Self.atOnce, at: shop)
            let count = Self.count(at: first.perSecond, for: scene.seconds * Self.rushes)
            let mirrorCount = Self.count(at: mirrors.perSecond, for: scene.seconds)
            var rounds: [CheckoutRound] = []
            for number in 1...scene.rounds {
                scene.say("round \(number) of \(scene.rounds): \(count) checkouts, \(mirrorCount) mirrors")
                rounds.append(try await round(of: count, mirrorCount, at: shop))
            }
            return rounds
        }
        try await scene.clear()
        return try await report(rounds, loadBefore: loadBefore)
    }

    /// As many as take about so long at that rate.
    static func count(at perSecond: Double, for seconds: Int) -> Int {
        min(max(countLimits.lowerBound, Int(perSecond * Double(seconds))), countLimits.upperBound)
    }

    private func round(of count: Int, _ mirrorCount: Int, at shop: BenchShop) async throws -> CheckoutRound {
        let checkouts = try await checkouts(count, atOnce: Self.atOnce, at: shop)
        let waits = checkouts.pace.waits(until: try await database.checkoutEnds())
        let size = try await database.journalSize()
        let longest = try await database.longestSteps(Self.stepsShown)
        let shape = try await database.usualCheckout()
        let single = try await self.checkouts(Self.alone, atOnce: 1, at: shop)
        let alone = single.pace.waits(until: try await database.checkoutEnds())
        let mirrors = try await mirrors(of: shape, mirrorCount, atOnce: Self.mirrorsAtOnce, at: shop)
        let mirrorSize = try await database.journalSize()
        let singleMirror = try await self.mirrors(of: shape, Self.alone, atOnce: 1, at: shop)
        return CheckoutRound(
            count: count, checkouts: checkouts, waits: waits,
            records: Double(size.records) / Double(count), runs: Double(size.runs) / Double(count),
            longestSteps: longest, alone: alone, mirrors: mirrors,
            mirroredRecords: Double(mirrorSize.records) / Double(mirrorCount),
            mirrorAlone: singleMirror.pace.waits(until: try await database.mirrorEnds()))
    }

    private func checkouts(_ count: Int, atOnce: Int, at shop: BenchShop) async throws -> RushLoad {
        let baskets = try await shop.fillBaskets(count)
        let load = try await load(
            of: CheckoutRush(
                count: count, atOnce: atOnce, begin: { try await baskets[$0].order() },
                pay: { try await shop.pay($0) }, look: { try await database.checkoutNews() }),
            at: shop)
        let fulfilled = try await database.fulfilledCheckouts()
        guard fulfilled == count else {
            throw BenchError.unexpectedRows(
                "orders that were delivered, invoiced, confirmed and closed", wanted: count, got: fulfilled)
        }
        return load
    }

    private func mirrors(
        of shape: MirroredRun, _ count: Int, atOnce: Int, at shop: BenchShop
    ) async throws -> RushLoad {
        let runs = shop.platform.runs
        return try await load(
            of: CheckoutRush(
                count: count, atOnce: atOnce,
                begin: { number in
                    let store = shop.stores[number % shop.stores.count]
                    _ = try await runs.start(RunMirror.self, shape, for: Tenant(store.tenant.description))
                },
                pay: { id in
                    guard let run = RunID(id) else { return }
                    _ = try await runs.send(RunMirror.paid, Nothing(), to: run, once: "paid")
                },
                look: { try await database.mirrorNews() }),
            at: shop)
    }

    private func load(of rush: CheckoutRush, at shop: BenchShop) async throws -> RushLoad {
        try await scene.clear()
        let usedBefore = try await shop.processorSeconds(database)
        let writtenBefore = try await database.writes()
        let pace = try await rush.run(in: database)
        let written = try await database.writes() - writtenBefore
        let used = try await shop.processorSeconds(database)
        let count = Double(rush.count)
        return RushLoad(
            perSecond: count / pace.elapsed.inSeconds, pace: pace,
            milliseconds: used.merging(usedBefore) { 1_000 * ($0 - $1) / count },
            writes: ServerWrites(
                transactions: written.transactions / count, walBytes: written.walBytes / count))
    }
}
