package import Commerce
package import Foundation
internal import Postgres

// Where a store stands on its way to being published. What was entered is in the store's own tables, so a
// page is the same on every device; here is which steps are done, and what the run has to tell.

package struct Onboarding: Sendable, Equatable {
    package let run: UUID?
    package let done: Set<OnboardingStep>
    package let skipped: Set<OnboardingStep>
    /// Why Stripe's account could not be opened.
    package let stripeProblem: String?
    /// The merchant chose to open without checkout while Stripe still checks.
    package let checkoutDisabled: Bool
    package let publishedAt: Date?

    /// The first step that is neither done nor skipped.
    package var next: OnboardingStep {
        OnboardingStep.allCases.first { !done.contains($0) && !skipped.contains($0) } ?? .publish
    }
}

package struct Onboardings: Sendable {
    package init() {}

    /// Nil for a store that never came this way.
    package func find(in tx: Transaction<OneTenant>) async throws -> Onboarding? {
        let found = try await tx.first("select * from shop.onboarding where tenant_id = \(tx.tenantUUID)")
        guard let row = found else { return nil }
        let steps = try await tx.execute(
            "select step, state from shop.onboarding_step where tenant_id = \(tx.tenantUUID)"
        ).rows
        func named(_ state: String) throws -> Set<OnboardingStep> {
            Set(
                try steps.filter { try $0.decode("state", as: String.self) == state }.map {
                    try $0.raw("step", as: OnboardingStep.self)
                })
        }
        return Onboarding(
            run: try row.decode("run_id"), done: try named("done"), skipped: try named("skipped"),
            stripeProblem: try row.decode("stripe_problem"),
            checkoutDisabled: try row.decode("checkout_disabled"), publishedAt: try row.decode("published_at")
        )
    }

    package func recordRun(_ run: UUID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.onboarding set run_id = \(run)
            where tenant_id = \(tx.tenantUUID) and run_id is null
            """)
    }

    /// Another run carries the store from now on. False where somebody else has replaced the ended one.
    @discardableResult
    package func replaceRun(
        _ ended: UUID?, by run: UUID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.onboarding set run_id = \(run)
            where tenant_id = \(tx.tenantUUID) and run_id is not distinct from \(ended)::uuid
            """
        ).affected == 1
    }

    /// Notes a step. One that is done stays done when it is skipped afterwards.
    package func note(
        _ step: OnboardingStep, skipped: Bool = false, by user: UserID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.onboarding_step as s (tenant_id, step, state, saved_by)
            values (\(tx.tenantUUID), \(step.rawValue), \(skipped ? "skipped" : "done"), \(user.rawValue))
            on conflict (tenant_id, step) do update set saved_at = now(), saved_by = excluded.saved_by,
                state = case when s.state = 'done' then 'done' else excluded.state end
            """)
    }

    package func noteStripeProblem(_ problem: String?, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            "update shop.onboarding set stripe_problem = \(problem) where tenant_id = \(tx.tenantUUID)")
    }

    package func setCheckoutDisabled(_ isDisabled: Bool, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.onboarding set checkout_disabled = \(isDisabled) where tenant_id = \(tx.tenantUUID)
            """)
    }

    package func markPublished(at now: Date, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.onboarding set published_at = coalesce(published_at, \(now))
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    /// What the store lacks at this moment, judged by its own rows.
    package func checklist(at now: Date, in tx: Transaction<OneTenant>) async throws -> PublishChecklist {
        let store = try await Stores().load(in: tx)
        let onboarding = try await find(in: tx)
        var lacks: [PublishChecklist.Lack] = []
        if try await Identities().load(in: tx) == nil { lacks.append(.businessIdentity) }
        if try await Identities().policy(in: tx) == nil { lacks.append(.policies) }
        let missing = try await LegalPages().missing(for: store.languages, in: tx)
        if missing > 0 { lacks.append(.legalPages(missing)) }
        let products = try await Products().published(limit: Products.pageLimit, in: tx)
        let pricing = try await Stores().pricing(of: store, at: now, in: tx)
        if try !products.contains(where: { try !$0.saleOfOne(pricing).margin.isNegative }) {
            lacks.append(.sellableProduct)
        }
        let unsafe = products.filter { $0.safety["manufacturer"] == nil || $0.safety["contact"] == nil }
        if !unsafe.isEmpty { lacks.append(.safetyData(unsafe.map(\.sku.rawValue).sorted())) }
        let canPay = store.stripeState == .enabled && store.stripeAccount != nil
        let opensWithoutCheckout = !canPay && onboarding?.checkoutDisabled == true
        if !canPay, !opensWithoutCheckout {
            lacks.append(.payments(missing: try await Stores().stripeRequirements(in: tx)))
        }
        return PublishChecklist(lacks: lacks, opensWithoutCheckout: opensWithoutCheckout)
    }
}
