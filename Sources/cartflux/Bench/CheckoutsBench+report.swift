import Foundation

extension CheckoutsBench {
    /// Whose processor time the platform has to pay for: the vendors are others, and so are the shoppers.
    private static let platform: [BenchParty] = [.worker, .web, .postgres, .redis]
    /// Who works on a mirror; the bench starts and pays it, as the web does for a checkout.
    private static let engine: [BenchParty] = [.worker, .postgres, .redis, .bench]
    private static let kilobyte = 1_000.0

    func report(_ rounds: [CheckoutRound], loadBefore: Double) async throws -> BenchReport {
        try await scene.report(
            .checkouts, loadBefore: loadBefore,
            pace(rounds) + share(rounds) + costs(rounds) + processors(rounds), notes: notes(rounds))
    }

    private func pace(_ rounds: [CheckoutRound]) -> [BenchFigure] {
        [
            BenchFigure(
                "checkouts", "from the button to the closed order", "checkouts/s",
                rounds.map(\.checkouts.perSecond)),
            BenchFigure(
                "mirrors", "their records alone, nothing behind them", "checkouts/s",
                rounds.map(\.mirrors.perSecond)),
            BenchFigure(
                "closed_p50", "payment to closed, \(Self.atOnce) at once, p50", "ms",
                rounds.map { $0.waits.milliseconds(at: 50) }),
            BenchFigure(
                "closed_p99", "payment to closed, \(Self.atOnce) at once, p99", "ms",
                rounds.map { $0.waits.milliseconds(at: 99) }),
            BenchFigure(
                "alone_p50", "payment to closed, one at a time, p50", "ms",
                rounds.map { $0.alone.milliseconds(at: 50) }),
            BenchFigure(
                "mirror_alone_p50", "the same of a mirror", "ms",
                rounds.map { $0.mirrorAlone.milliseconds(at: 50) }),
        ]
    }

    private func share(_ rounds: [CheckoutRound]) -> [BenchFigure] {
        let own = rounds.map { $0.mirrors.milliseconds(of: Self.engine) }
        let platform = rounds.map { $0.checkouts.milliseconds(of: Self.platform) }
        let all = rounds.map { $0.checkouts.milliseconds(of: Self.platform + [.vendors]) }
        return [
            BenchFigure(
                "engine_processor", "the engine's share of the platform's processor time", "%",
                zip(own, platform).map { 100 * $0 / $1 }),
            BenchFigure(
                "engine_machine", "the same with the vendors' sandboxes", "%",
                zip(own, all).map { 100 * $0 / $1 }),
            BenchFigure(
                "engine_rate", "the engine's share of the time, by the two rates", "%",
                rounds.map { 100 * $0.checkouts.perSecond / $0.mirrors.perSecond }),
        ]
    }

    private func costs(_ rounds: [CheckoutRound]) -> [BenchFigure] {
        [
            BenchFigure("steps", "durable records per checkout", "", rounds.map(\.records)),
            BenchFigure("mirror_steps", "the same of a mirror", "", rounds.map(\.mirroredRecords)),
            BenchFigure("runs", "runs per checkout, children counted", "", rounds.map(\.runs)),
            BenchFigure(
                "commits", "transactions that wrote, per checkout", "",
                rounds.map(\.checkouts.writes.transactions)),
            BenchFigure(
                "mirror_commits", "the same of a mirror", "", rounds.map(\.mirrors.writes.transactions)),
            BenchFigure(
                "wal", "WAL per checkout", "kB", rounds.map { $0.checkouts.writes.walBytes / Self.kilobyte }),
            BenchFigure(
                "mirror_wal", "the same of a mirror", "kB",
                rounds.map { $0.mirrors.writes.walBytes / Self.kilobyte }),
        ]
    }

    private func processors(_ rounds: [CheckoutRound]) -> [BenchFigure] {
        func figures(
            _ key: String, _ what: String, _ parties: [BenchParty], _ load: (CheckoutRound) -> RushLoad
        ) -> [BenchFigure] {
            parties.map { party in
                BenchFigure(
                    "\(key)_\(party.rawValue)", "processor time of \(what): \(party.title)", "ms",
                    rounds.map { load($0).milliseconds[party] ?? 0 })
            }
        }
        return figures("processor", "a checkout", BenchParty.allCases, \.checkouts)
            + figures("mirror_processor", "a mirror", Self.engine, \.mirrors)
    }

    private func notes(_ rounds: [CheckoutRound]) -> [String] {
        let last = rounds.last
        let steps = (last?.longestSteps ?? []).map { step in
            "\(step.workflow)/\(step.step) \(String(format: "%.0f", step.milliseconds))"
        }
        return [
            "Closed: paid at the card page, accepted and delivered by the supplier (whose carrier takes "
                + "no time here), invoiced with the page kept, confirmed by letter, and past a withdrawal "
                + "period of no length.",
            "\(last?.count ?? 0) checkouts in a round, \(Self.atOnce) at once, at \(BenchShop.storeCount) "
                + "stores, two articles each; baskets are filled before the clock starts.",
            "A mirror repeats the journal of the round's middle checkout: the same runs, records, "
                + "sizes, announcements, wait and stages, through the same worker, "
                + "\(Self.mirrorsAtOnce) at once; its input also holds what to repeat.",
            "The engine's share: a mirror's processor time (worker, Postgres, Redis, and the bench that "
                + "starts it) of a checkout's (worker, web, Postgres, Redis); by rates, one mirror's time "
                + "of one checkout's.",
            "Calls to vendors pass the limits in Redis as always, with allowances that nothing reaches: "
                + "with live keys the vendors' own limits come first.",
            "Where a checkout's time goes, ms per step at \(Self.atOnce) at once, waiting for a processor "
                + "included: \(steps.joined(separator: ", ")).",
        ]
    }
}
