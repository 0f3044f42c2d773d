package import Commerce
package import Foundation
internal import Postgres

// Product-safety data that a supplier does not tell any more. A loss takes products off every store's
// shelf, and a supplier that answers in another form loses everything at once: so a loss is kept apart
// when it is found and goes into the catalogue only when a whole pull has been judged. The judgement looks
// at the pull, the day and the week, because a few articles of every hour are as many as all at once.
// Counting only what one pull brings was rejected: it lets any number pass, if slowly. Where too much is
// lost nothing goes in, and an operator decides.

package struct SafetyLosses: Sendable {
    package static let brake = LossBrake(losable: 10, share: 5)
    private static let spans: [TimeInterval] = [86_400, 7 * 86_400]
    /// Longer than the longest span.
    private static let memory: TimeInterval = 30 * 86_400

    package init() {}

    /// What a pull may do with its losses.
    package enum Judgement: Sendable, Equatable {
        case fine
        case tooMany(lost: Int, whole: Int, since: Date)
    }

    /// What became of the losses at the end of a pull.
    package struct Settled: Sendable, Codable, Equatable {
        package var saved: [SKU] = []
        package var problem: String?
    }

    /// Keeps a loss apart from the article, whose earlier data stands.
    func hold(
        _ safety: ProductSafety, of article: CatalogueBook.Unasked, at supplier: String, found now: Date,
        _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.catalogue_safety_loss (supplier, reference, told, missing, found_at)
            values (\(supplier), \(article.reference.rawValue), \(JSONText.object(safety)),
                \(safety.missing.map(\.rawValue)), \(now))
            on conflict (supplier, reference) do update set told = excluded.told, missing = excluded.missing,
                saved_at = null,
                found_at = case when catalogue_safety_loss.saved_at is null
                    then catalogue_safety_loss.found_at else excluded.found_at end
            """)
    }

    /// The article's data is whole: it is not lost, or is back.
    func forget(
        _ article: CatalogueBook.Unasked, at supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            delete from shop.catalogue_safety_loss
            where supplier = \(supplier) and reference = \(article.reference.rawValue)
            """)
    }

    /// Whether so many can be lost: in the pull that began at `begun`, in a day, in a week. What waits for a
    /// decision counts in each. Of what comes in variations the product counts, since that is asked of.
    package func judge(
        of supplier: String, since begun: Date, at now: Date, _ tx: Transaction<EveryTenant>
    ) async throws -> Judgement {
        for since in [begun] + Self.spans.map({ now.addingTimeInterval(-$0) }) {
            let lost = try await count(
                """
                select count(*) from shop.catalogue_safety_loss l
                join shop.catalogue_item i on i.supplier = l.supplier and i.reference = l.reference
                where l.supplier = \(supplier) and (i.is_active or i.is_varied) and i.family is null
                    and (l.saved_at is null or l.found_at >= \(since))
                """, tx)
            guard Self.brake.isConceivable(lost: lost) else { continue }
            let whole = try await count(
                """
                select count(*) from shop.catalogue_item i
                where i.supplier = \(supplier) and (i.is_active or i.is_varied) and i.family is null
                    and i.safety_checked_at >= \(since) and i.safety_missing = '{}' and not exists (
                        select from shop.catalogue_safety_loss l
                        where l.supplier = i.supplier and l.reference = i.reference)
                """, tx)
            if Self.brake.isOn(lost: lost, whole: whole) {
                return .tooMany(lost: lost, whole: whole, since: since)
            }
        }
        return .fine
    }

    /// Ends a pull: its losses go into the articles, unless there are too many or an operator has not decided
    /// yet about earlier ones.
    package func settle(
        of supplier: String, since begun: Date, at now: Date, _ tx: Transaction<EveryTenant>
    ) async throws -> Settled {
        try await takeTurn(at: supplier, tx)
        try await tx.execute(
            """
            delete from shop.catalogue_safety_loss where supplier = \(supplier) and saved_at is not null
                and found_at < \(now.addingTimeInterval(-Self.memory))
            """)
        let attention = PlatformAttention()
        let waiting = try await count(
            """
            select count(*) from shop.catalogue_safety_loss
            where supplier = \(supplier) and saved_at is null
            """, tx)
        guard waiting > 0 else {
            try await attention.resolve(.safetyLoss, subject: supplier, by: "pull", at: now, in: tx)
            return Settled()
        }
        if case .tooMany(let lost, let whole, let since) = try await judge(
            of: supplier, since: begun, at: now, tx)
        {
            let problem = Self.words(lost, whole, since, waiting)
            try await attention.open(
                .safetyLoss, subject: supplier, message: problem, at: now, in: tx)
            return Settled(problem: problem)
        }
        // Opened by an earlier pull: only a person takes it back, or the data that comes back.
        if let open = try await attention.message(.safetyLoss, subject: supplier, in: tx) {
            return Settled(problem: open)
        }
        return Settled(saved: try await save(of: supplier, at: now, tx))
    }

    private static func words(_ lost: Int, _ whole: Int, _ since: Date, _ waiting: Int) -> String {
        """
        \(lost) of \(lost + whole) articles asked of since \(since.formatted(.iso8601)) lost their \
        product-safety data. \(waiting) of them wait, and their earlier data stands. Compare an answer with \
        what the supplier gave before. Accept the loss, and their products come off the shelves; keep the \
        earlier data, and the supplier is asked again in a month.
        """
    }

    private func count(_ query: Query, _ tx: Transaction<EveryTenant>) async throws -> Int {
        try await tx.execute(query).rows[0].decode(0, as: Int.self)
    }

    /// The end of a pull and an operator's answer write the losses and the question about them, each in an
    /// order of its own: so they take turns before either.
    private func takeTurn(at supplier: String, _ tx: Transaction<EveryTenant>) async throws {
        try await tx.execute("select pg_advisory_xact_lock(hashtextextended(\(supplier), 36))")
    }

    /// Holds the articles whose losses wait, before the losses themselves: so a pull that meets one of them
    /// takes its locks in the same order. Returns them: a loss that is found from here on is not among those
    /// that may be touched, since its article is not held.
    private func lockArticles(
        of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> [String] {
        try await tx.execute(
            """
            select i.reference from shop.catalogue_item i where i.supplier = \(supplier) and exists (
                select from shop.catalogue_safety_loss l
                where l.supplier = i.supplier and l.reference = i.reference and l.saved_at is null)
            order by i.reference for no key update
            """
        ).column(0, as: String.self)
    }

    /// Puts what was told into the articles. It still counts in later judgements.
    private func save(
        of supplier: String, at now: Date, _ tx: Transaction<EveryTenant>
    ) async throws -> [SKU] {
        let articles = try await lockArticles(of: supplier, tx)
        return try await tx.execute(
            """
            with waiting as (
                update shop.catalogue_safety_loss set saved_at = \(now)
                where supplier = \(supplier) and reference = any(\(articles)) and saved_at is null
                returning *
            )
            update shop.catalogue_item i set safety = w.told, safety_missing = w.missing,
                safety_before = case when i.safety = w.told then i.safety_before else i.safety end,
                safety_checked_at = coalesce(i.safety_asked_at, i.safety_checked_at), changed_at = now()
            from waiting w where i.supplier = w.supplier and i.reference = w.reference
            returning i.reference
            """
        ).rows.map { try $0.raw("reference") as SKU }.sorted { $0.rawValue < $1.rawValue }
    }
}

// MARK: - The operator's answer

extension SafetyLosses {
    /// What an operator decides about losses that wait. The raw value travels in forms and commands.
    package enum Answer: String, Sendable, CaseIterable {
        /// They are true: the products come off the shelves with the next pull.
        case accept
        /// They are not: the earlier data stands, and the supplier is asked again in a month.
        case keep
    }

    /// Carries an answer out and closes the question. Nil where nothing is asked any more; otherwise how many
    /// articles it was about.
    package func answer(
        _ answer: Answer, of supplier: String, by who: String, reason: String, at now: Date,
        in tx: Transaction<EveryTenant>
    ) async throws -> Int? {
        try await takeTurn(at: supplier, tx)
        let isOpen = try await PlatformAttention().resolve(
            .safetyLoss, subject: supplier, by: who, because: reason, at: now, in: tx)
        guard isOpen else { return nil }
        switch answer {
        case .accept:
            let saved = try await save(of: supplier, at: now, tx)
            // What was accepted is the state that later losses are measured against. What a running pull has
            // found since is not accepted: the pull's end asks about it.
            try await tx.execute(
                """
                delete from shop.catalogue_safety_loss
                where supplier = \(supplier) and saved_at is not null
                """)
            return saved.count
        case .keep:
            let articles = try await lockArticles(of: supplier, tx)
            return try await tx.execute(
                """
                with kept as (
                    delete from shop.catalogue_safety_loss
                    where supplier = \(supplier) and reference = any(\(articles)) and saved_at is null
                    returning supplier, reference
                )
                update shop.catalogue_item i set safety_asked_at = \(now), safety_checked_at = \(now)
                from kept k where i.supplier = k.supplier and i.reference = k.reference
                """
            ).affected
        }
    }
}
