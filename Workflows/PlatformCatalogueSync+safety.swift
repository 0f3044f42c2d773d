// BigBuy tells the maker of an article by a call of its own, one in five seconds: never for the whole
// catalogue at once, so each pull asks of a part, chosen at its beginning, ten articles to a step. Every
// answer is kept as it comes; where a step is cut off, the next attempt goes on behind the last one. What
// takes products off the shelves is kept apart and settled at the end, when it is known how much that is.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import SupplierFeeds

extension PlatformCatalogueSync {
    /// At one call in five seconds fifty minutes, so that one pull an hour ends before the next.
    private static let articlesOfPull = 600
    private static let articlesOfStep = 10

    /// What one step brought.
    private struct Asked: Codable, Sendable {
        var read = 0
        var changed = 0
        var refused = 0
        /// More was lost than can be true. Nil in what was recorded before there was such a judgement.
        var isBraked: Bool?
    }

    /// Asks of the articles whose turn it is, and then decides what becomes of those that lost something.
    func askForSafety(since begun: Date, _ flow: Flow<Self>, _ output: inout Output) async throws {
        try await askAll(since: begun, flow, &output)
        let settled = try await flow.step(.settle) { _ in
            try await settle(since: begun, flow.id.rawValue)
        }
        output.changed += settled.saved.count
        output.refused += settled.saved.count
        let problems = [output.problem, settled.problem].compactMap(\.self)
        output.problem = problems.isEmpty ? nil : problems.joined(separator: "; ")
    }

    /// What BigBuy does not answer for in the end is left to the next pull, with the problem on record; where
    /// too much is lost, there is no use in asking on.
    private func askAll(since begun: Date, _ flow: Flow<Self>, _ output: inout Output) async throws {
        let chosen = try await flow.step(.choose) { _ in
            try await onPlatform { tx in
                try await CatalogueBook().toAsk(
                    of: Self.supplier, by: begun, limit: Self.articlesOfPull, tx)
            }
        }
        for (number, start) in stride(from: 0, to: chosen.count, by: Self.articlesOfStep).enumerated() {
            let part = Array(chosen[start..<min(start + Self.articlesOfStep, chosen.count)])
            do {
                let asked = try await flow.step(.ask, for: number) { _ in
                    try await ask(of: part, since: begun, flow.id.rawValue)
                }
                output.read += asked.read
                output.changed += asked.changed
                output.refused += asked.refused
                if asked.isBraked == true { return }
            } catch let failure as StepFailed {
                let left = chosen.count - output.read
                output.problem = "\(left) articles were not asked of: \(failure.failure.message)"
                return
            }
        }
    }

    private func settle(since begun: Date, _ sync: UUID) async throws -> SafetyLosses.Settled {
        let now = shop.clock.now
        return try await onPlatform { tx in
            let settled = try await SafetyLosses().settle(of: Self.supplier, since: begun, at: now, tx)
            let book = CatalogueBook()
            let lacking = try await book.lacking(among: settled.saved, of: Self.supplier, tx)
            try await book.quarantine(
                lacking.map { ($0.reference.rawValue, ProductSafety.reason(lacking: $0.missing)) },
                of: "safety", by: sync, tx)
            return settled
        }
    }

    private func ask(
        of articles: [CatalogueBook.Unasked], since begun: Date, _ sync: UUID
    ) async throws -> Asked {
        let waiting = try await onPlatform {
            try await CatalogueBook().unasked(among: articles, of: Self.supplier, since: begun, $0)
        }
        var asked = Asked(read: articles.count)
        let unanswered = try await ask(ofEach: waiting, &asked)
        // What has no answer at first often has one after the others.
        let unreadable = try await ask(ofEach: unanswered.map(\.article), &asked)
        // An article that BigBuy cannot answer for must not stop the others; where it answers for none, it is
        // the answering that has stopped.
        if unreadable.count == articles.count, let last = unreadable.last { throw last.failure }
        asked.refused = try await setAside(articles, unreadable, sync)
        let now = shop.clock.now
        let judgement = try await onPlatform {
            try await SafetyLosses().judge(of: Self.supplier, since: begun, at: now, $0)
        }
        asked.isBraked = judgement != .fine
        return asked
    }

    private struct Unanswered {
        let article: CatalogueBook.Unasked
        let failure: BigBuyFailure
    }

    private func ask(
        ofEach articles: [CatalogueBook.Unasked], _ asked: inout Asked
    ) async throws -> [Unanswered] {
        var unanswered: [Unanswered] = []
        for article in articles {
            do {
                if try await ask(of: article) == .changed { asked.changed += 1 }
            } catch let failure as BigBuyFailure {
                guard case .unknown = failure.reason else { throw failure }
                unanswered.append(Unanswered(article: article, failure: failure))
            }
        }
        return unanswered
    }

    private func ask(of article: CatalogueBook.Unasked) async throws -> CatalogueBook.Told {
        let told = try await shop.bigbuy.safety(of: BigBuyProduct.ID(rawValue: article.sourceID))
        let now = shop.clock.now
        return try await onPlatform { tx in
            guard var answer = told else {
                try await CatalogueBook().noteSilence(
                    of: article, at: Self.supplier, asked: now, isAnswer: true, tx)
                return .same
            }
            answer.warnings = answer.warnings.mapValues(PlainText.ofHTML)
            return try await CatalogueBook().saveSafety(
                answer, of: article, at: Self.supplier, asked: now, tx)
        }
    }

    /// Writes down what cannot be sold, and why. Returns how many articles that are.
    private func setAside(
        _ articles: [CatalogueBook.Unasked], _ unreadable: [Unanswered], _ sync: UUID
    ) async throws -> Int {
        let now = shop.clock.now
        return try await onPlatform { tx in
            let book = CatalogueBook()
            var rows = unreadable.map {
                ($0.article.reference.rawValue, "the answer is unusable: \($0.failure)")
            }
            for unanswered in unreadable {
                try await book.noteSilence(
                    of: unanswered.article, at: Self.supplier, asked: now, isAnswer: false, tx)
            }
            for lacking in try await book.lacking(
                among: articles.map(\.reference), of: Self.supplier, tx)
            where !rows.contains(where: { $0.0 == lacking.reference.rawValue }) {
                rows.append((lacking.reference.rawValue, ProductSafety.reason(lacking: lacking.missing)))
            }
            try await book.quarantine(rows, of: "safety", by: sync, tx)
            return rows.count
        }
    }
}
