// BigBuy tells the maker of an article by a call of its own, one in five seconds: never for the whole
// catalogue at once, so each pull asks of a part, chosen at its beginning, ten articles to a step. Every
// answer is kept as it comes; where a step is cut off, the next attempt goes on behind the last one.

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
    /// More articles than this, and a fifth of those asked, do not lose their data on one day: the answers
    /// have another form than they had.
    private static let losable = 10
    private static let losableShare = 5

    /// What one step brought.
    private struct Asked: Codable, Sendable {
        var read = 0
        var changed = 0
        var refused = 0
        var lost = 0
    }

    /// Asks of the articles whose turn it is. What BigBuy does not answer for in the end is left to the next
    /// pull, with the problem on record.
    func askForSafety(since begun: Date, _ flow: Flow<Self>, _ output: inout Output) async throws {
        let chosen = try await flow.step(.choose) { _ in
            try await onPlatform { tx in
                try await CatalogueBook().toAsk(
                    of: Self.supplier, by: begun, limit: Self.articlesOfPull, tx)
            }
        }
        var lost = 0
        for (number, start) in stride(from: 0, to: chosen.count, by: Self.articlesOfStep).enumerated() {
            let part = Array(chosen[start..<min(start + Self.articlesOfStep, chosen.count)])
            do {
                let asked = try await flow.step(.ask, for: number) { _ in
                    try await ask(of: part, since: begun, flow.id.rawValue)
                }
                output.read += asked.read
                output.changed += asked.changed
                output.refused += asked.refused
                lost += asked.lost
            } catch let failure as StepFailed {
                let left = chosen.count - output.read
                output.problem = "\(left) articles were not asked of: \(failure.failure.message)"
                return
            }
            if lost > Self.losable, lost * Self.losableShare > output.read {
                output.problem =
                    "\(lost) of \(output.read) articles lost their product-safety data; asking stopped. "
                    + "Compare an answer with what BigBuy gave before"
                return
            }
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
                let told = try await ask(of: article)
                if told != .same { asked.changed += 1 }
                if told == .lost { asked.lost += 1 }
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
            for lacking in try await book.lacking(among: articles, of: Self.supplier, tx)
            where !rows.contains(where: { $0.0 == lacking.reference.rawValue }) {
                rows.append((lacking.reference.rawValue, ProductSafety.reason(lacking: lacking.missing)))
            }
            try await book.quarantine(rows, of: "safety", by: sync, tx)
            return rows.count
        }
    }
}
