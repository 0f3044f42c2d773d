// The frame of the wizard: where the store stands, and the way to every step. Each step reads the store's own
// tables and writes them, so leaving, coming back and another device all show the same.

import Commerce
import CommerceStore
import WebSupport

extension OnboardingStep {
    var title: String {
        switch self {
        case .store: "Your store"
        case .business: "Business identity"
        case .catalogue: "Products"
        case .theme: "Look"
        case .payments: "Payments"
        case .invoicing: "Invoices"
        case .policies: "Delivery and returns"
        case .publish: "Publish"
        }
    }

    func address(in store: TenantID) -> String { "/stores/\(store)/onboarding/\(rawValue)" }
}

struct WizardPage: Sendable {
    let request: WebRequest
    let account: Account
    let store: Store
    let state: Onboarding
    let step: OnboardingStep
    var refreshSeconds: Int?
    let main: HTML

    func response(status: Int = 200) -> WebResponse {
        var page = DashboardPage(
            request, title: "\(step.title) · \(store.name)", account: account,
            main: """
                <h1>\(step.title)</h1><p class="lead">\(store.name)</p>
                <div class="split"><div class="stack">\(main)</div>\(progress)</div>
                """)
        page.refreshSeconds = refreshSeconds
        return page.response(status: status)
    }

    private var progress: HTML {
        let steps = OnboardingStep.allCases.map { one -> HTML in
            let isDone = state.done.contains(one)
            let mark = isDone ? "✓" : state.skipped.contains(one) ? "–" : ""
            let kind = one == step ? "now" : isDone ? "done" : ""
            let current: HTML = one == step ? " aria-current=\"step\"" : ""
            return """
                <li class="\(kind)"><span class="mark" aria-hidden="true">\(mark)</span>\
                <a href="\(one.address(in: store.tenant))"\(current)>\(one.title)</a></li>
                """
        }
        return """
            <nav class="panel" aria-label="Steps"><ol class="steps">\(steps)</ol>
            <p><a class="button quiet" href="\(link: "/stores/\(store.tenant)/preview")">\
            See the shop so far</a>\
            </p></nav>
            """
    }
}

extension Dashboard {
    /// What a step shows: the store as it stands, what was typed, and what was wrong with it.
    struct Visit: Sendable {
        let request: WebRequest
        let account: Account
        let store: Store
        let state: Onboarding
        var values: [String: String] = [:]
        var problems: [FieldError] = []

        func page(_ step: OnboardingStep, _ main: HTML, refresh: Int? = nil) -> WizardPage {
            WizardPage(
                request: request, account: account, store: store, state: state, step: step,
                refreshSeconds: refresh, main: main)
        }

        func form(
            _ step: OnboardingStep, _ fields: [FormField], button: String = "Save and continue",
            extra: HTML = .empty
        ) -> HTML {
            FormView(
                request: request, action: step.address(in: store.tenant), fields: fields, values: values,
                problems: problems, button: button, extra: extra
            ).html
        }
    }

    /// Shows a step. `render` may read more of the store.
    func show(
        _ request: WebRequest, _ account: Account, problems: [FieldError] = [],
        values: [String: String]? = nil,
        _ render: @Sendable @escaping (Visit, Transaction<OneTenant>) async throws -> WizardPage
    ) async throws -> WebResponse {
        let page = try await inStore(request, account, may: .change) { tx in
            guard let state = try await Onboardings().find(in: tx) else { throw WebProblem(.notFound) }
            let visit = Visit(
                request: request, account: account, store: try await Stores().load(in: tx), state: state,
                values: values ?? [:], problems: problems)
            return try await render(visit, tx)
        }
        return page.response(status: problems.isEmpty ? 200 : 422)
    }

    /// Writes a step and tells the run; then on to the next one.
    func save(
        _ step: OnboardingStep, skipped: Bool = false, _ request: WebRequest, _ account: Account,
        _ body: (Transaction<OneTenant>) async throws -> Void
    ) async throws -> WebResponse {
        let (tenant, state) = try await inStore(request, account, may: .change) { tx in
            guard let state = try await Onboardings().find(in: tx) else { throw WebProblem(.notFound) }
            try await body(tx)
            try await Onboardings().note(step, skipped: skipped, by: account.id, in: tx)
            try await note("settings.\(skipped ? "skip" : "save")", step.rawValue, account, request, in: tx)
            return (tx.tenant, state)
        }
        try await tell(.saved(step), about: state, of: tenant)
        // An open store is changed from its settings, and has no next step.
        guard state.publishedAt == nil else { return .seeOther(StorePlace.settings.address(in: tenant)) }
        return .seeOther((step.next ?? .publish).address(in: tenant))
    }

    /// Tells the store's run. One that has ended before the store was published, after a long silence or
    /// because an operator ended it, is followed by another.
    func tell(
        _ news: OnboardingDesk.News, about state: Onboarding, of store: TenantID
    ) async throws {
        guard state.publishedAt == nil else { return }
        if let run = state.run, try await onboarding.tell(news, run) { return }
        let next = try await database.transaction(for: store) { tx in
            let owner = try await Stores().load(in: tx).owner
            let next = try await onboarding.begin(owner, state.run, tx)
            try await Onboardings().replaceRun(state.run, by: next, in: tx)
            return next
        }
        _ = try await onboarding.tell(news, next)
    }
}
