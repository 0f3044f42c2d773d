// A quote is what every look at a checkout page costs. First the rule alone, in memory; then the whole quote
// through the store: basket and products are locked and read, the price is made, its rows are written. Units
// are not reserved by a quote. Beside it the bare limit, and the parts of the way measured one by one.

import Commerce
import CommerceStore
import Foundation

/// A draft to make a quote from, again and again.
struct QuoteSample: Sendable {
    let key: String
    let title: String
    let draft: QuoteDraft
    let pricing: Pricing

    private static let batch = 100

    static var all: [QuoteSample] {
        get throws {
            let lei = FrozenRates(reference: try ExchangeRate("5.0894", from: .eur, to: .ron))
            return [
                try QuoteSample("rule_1", "one article", 1, .same(.eur)), try usual,
                try QuoteSample("rule_3_lei", "three, in lei", 3, lei),
                try QuoteSample("rule_50", "fifty", QuoteDraft.lineLimit, .same(.eur)),
            ]
        }
    }

    /// What is in the baskets of `QuoteStage`.
    static var usual: QuoteSample {
        get throws { try QuoteSample("rule_3", "three", 3, .same(.eur)) }
    }

    /// So many different articles from two warehouses, with a coupon of a tenth.
    private init(_ key: String, _ title: String, _ lines: Int, _ rates: FrozenRates) throws {
        self.key = key
        self.title = title
        pricing = Pricing(terms: Plan.pro.terms, rates: rates)
        let supplier = SupplierID()
        let price = rates.reference.convert(.eur(2_490), rounding: .halfUp)
        draft = QuoteDraft(
            lines: (0..<lines).map { number in
                DraftLine(
                    product: ProductID(), quantity: .one, unitPrice: price,
                    unitCost: .eur(1_420 + Int64(number)),
                    group: SupplierGroupKey(
                        supplier: supplier,
                        warehouse: number % 3 == 2 ? WarehouseCode(unchecked: "second") : .main))
            },
            discount: .percent(10),
            shippingCharged: rates.reference.convert(.eur(499), rounding: .halfUp))
    }

    /// Quotes per second that one thread makes.
    func rate(for limit: Duration) async throws -> Double {
        let (id, now) = (QuoteID(), Date())
        var (made, allowed) = (0, 0)
        let began = ContinuousClock.now
        while ContinuousClock.now - began < limit {
            for _ in 0..<Self.batch {
                // The decision adds up the whole quote, as the store does before it writes one.
                let quote = try draft.quote(pricing, plan: .pro, id: id, at: now)
                if quote.decision.isAllowed { allowed += 1 }
            }
            made += Self.batch
            await Task.yield()
        }
        let elapsed = ContinuousClock.now - began
        guard allowed == made else {
            throw BenchError.unexpectedRows("quotes that may be sold", wanted: made, got: allowed)
        }
        return Double(made) / elapsed.inSeconds
    }
}

/// What one round found, in quotes per second where nothing else is said.
struct QuoteRound: Sendable {
    var rule: [String: Double] = [:]
    var one = 0.0
    var bareOne = 0.0
    var pool = 0.0
    var barePool = 0.0
    /// The parts of the way, on one connection: transactions per second.
    var answer = 0.0
    var basket = 0.0
    /// With the whole pool at work, in milliseconds per quote.
    var processor = 0.0
    var postgres = 0.0
}

struct QuoteBench: Bench {
    let scene: BenchScene

    /// As many as a web process has connections.
    static let width = 16
    /// For what is measured beside the rates.
    private static let moment: Duration = .seconds(1)
    private static let warmUp: Duration = .milliseconds(300)

    private var time: Duration { .seconds(scene.seconds) }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        let samples = try QuoteSample.all
        let rounds = try await QuoteStage.with(Self.width, scene) { stage in
            var rounds: [QuoteRound] = []
            for number in 1...scene.rounds {
                scene.say("round \(number) of \(scene.rounds): the rule, then quotes through the store")
                var round = try await measure(stage)
                for sample in samples {
                    round.rule[sample.key] = try await sample.rate(for: Self.moment)
                }
                rounds.append(round)
            }
            return rounds
        }
        try await scene.database.forgetQuotes()
        return try await report(rounds, samples, loadBefore: loadBefore)
    }

    private func measure(_ stage: QuoteStage) async throws -> QuoteRound {
        let database = stage.database
        let freeze: @Sendable (QuoteBasket) async throws -> Void = { basket in
            _ = try await database.transaction(for: basket.tenant) { tx in
                try await Quotes().freeze(basket.cart, at: Date(), in: tx)
            }
        }
        let bare: @Sendable (QuoteBasket) async throws -> Void = { basket in
            _ = try await stage.pool.pipeline(basket.bareQuote())
        }
        var round = QuoteRound()
        _ = try await rate(of: freeze, Self.width, for: Self.warmUp, on: stage)
        _ = try await rate(of: bare, Self.width, for: Self.warmUp, on: stage)
        round.bareOne = try await rate(of: bare, 1, for: time, on: stage)
        round.one = try await rate(of: freeze, 1, for: time, on: stage)
        round.barePool = try await rate(of: bare, Self.width, for: time, on: stage)
        let used = try await used(on: stage) {
            round.pool = try await rate(of: freeze, Self.width, for: time, on: stage)
        }
        let quotes = round.pool * Double(scene.seconds)
        round.processor = 1_000 * used.bench / quotes
        round.postgres = 1_000 * used.postgres / quotes
        round.answer = try await rate(
            of: { basket in
                try await database.transaction(for: basket.tenant) { tx in
                    _ = try await tx.postgres.execute("select 1")
                }
            }, 1, for: Self.moment, on: stage)
        round.basket = try await rate(
            of: { basket in
                _ = try await database.transaction(for: basket.tenant) { tx in
                    try await Carts().find(token: basket.token, in: tx)
                }
            }, 1, for: Self.moment, on: stage)
        return round
    }

    /// How often in a second so many callers do it, each with its own basket.
    private func rate(
        of act: @escaping @Sendable (QuoteBasket) async throws -> Void, _ callers: Int,
        for limit: Duration, on stage: QuoteStage
    ) async throws -> Double {
        try await scene.database.forgetQuotes()
        let began = ContinuousClock.now
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for basket in stage.baskets.prefix(callers) {
                group.addTask {
                    var done = 0
                    while ContinuousClock.now - began < limit {
                        try await act(basket)
                        done += 1
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(done) / (ContinuousClock.now - began).inSeconds
    }

    /// Processor seconds that this process and Postgres use meanwhile.
    private func used(
        on stage: QuoteStage, _ body: () async throws -> Void
    ) async throws -> (bench: Double, postgres: Double) {
        let postgres = try await scene.database.serverProcesses()
        let before = [[getpid()], postgres].map(ProcessUsage.processorSeconds(of:))
        try await body()
        let after = [[getpid()], postgres].map(ProcessUsage.processorSeconds(of:))
        return (after[0] - before[0], after[1] - before[1])
    }

    // MARK: - What was found

    private func report(
        _ rounds: [QuoteRound], _ samples: [QuoteSample], loadBefore: Double
    ) async throws -> BenchReport {
        try await scene.report(
            .quote, loadBefore: loadBefore,
            rule(rounds, samples) + store(rounds) + parts(rounds, samples), notes: Self.notes)
    }

    private func rule(_ rounds: [QuoteRound], _ samples: [QuoteSample]) -> [BenchFigure] {
        samples.map { sample in
            BenchFigure(
                sample.key, "the rule in memory, one thread, \(sample.title)", "quotes/s",
                rounds.map { $0.rule[sample.key] ?? 0 })
        }
    }

    private func store(_ rounds: [QuoteRound]) -> [BenchFigure] {
        [
            BenchFigure("store_1", "through the store, one connection", "quotes/s", rounds.map(\.one)),
            BenchFigure("bare_1", "its rows alone, one connection", "quotes/s", rounds.map(\.bareOne)),
            BenchFigure(
                "share_1", "share of the bare rows, one connection", "%",
                rounds.map { 100 * $0.one / $0.bareOne }),
            BenchFigure(
                "store_\(Self.width)", "through the store, \(Self.width) connections", "quotes/s",
                rounds.map(\.pool)),
            BenchFigure(
                "bare_\(Self.width)", "its rows alone, \(Self.width) connections", "quotes/s",
                rounds.map(\.barePool)),
            BenchFigure(
                "share_\(Self.width)", "share of the bare rows, \(Self.width) connections", "%",
                rounds.map { 100 * $0.pool / $0.barePool }),
        ]
    }

    private func parts(_ rounds: [QuoteRound], _ samples: [QuoteSample]) throws -> [BenchFigure] {
        let usual = try QuoteSample.usual.key
        func each(_ rate: (QuoteRound) -> Double) -> [Double] { rounds.map { 1_000_000 / rate($0) } }
        let rule = each { $0.rule[usual] ?? 0 }
        return [
            BenchFigure("whole", "a quote, one connection", "us", each(\.one)),
            BenchFigure("part_answer", "of it: a transaction with one answer", "us", each(\.answer)),
            BenchFigure("part_basket", "a transaction that reads the basket", "us", each(\.basket)),
            BenchFigure("part_rule", "the rule", "us", rule),
            BenchFigure("part_rows", "a transaction that writes the rows", "us", each(\.bareOne)),
            BenchFigure(
                "part_rest", "the rest: locks, store, terms, rates, parcels", "us",
                zip(rounds, rule).map { round, rule in
                    1_000_000 * (1 / round.one - 1 / round.basket - 1 / round.bareOne) - rule
                }),
            BenchFigure(
                "processor_bench", "processor time of a quote, \(Self.width) at once: this process", "ms",
                rounds.map(\.processor)),
            BenchFigure(
                "processor_postgres", "processor time of a quote, \(Self.width) at once: Postgres", "ms",
                rounds.map(\.postgres)),
        ]
    }

    private static let notes = [
        "Through the store: a basket of three articles from two warehouses is locked and read with its "
            + "products, store, plan, rates and parcels, priced, and written; one durable commit each.",
        "Its rows alone: the same inserts with known values, begin and commit in one round trip.",
        "The rule takes a tenth off and spreads everything over lines and parcels; fifty is its limit.",
        "The rest is the whole less basket, rule and rows, which have a transaction each of their own: it is "
            + "a little more than what is shown.",
    ]
}
