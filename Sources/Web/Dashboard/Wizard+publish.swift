// The wizard's addresses, and its end: what is still missing, and the button that opens the store.

import Commerce
import CommerceStore
import WebSupport

extension Dashboard {
    var wizardEndpoints: [Endpoint] {
        let root = "/stores/:store/onboarding"
        let steps: [(OnboardingStep, PrivateHandler, PrivateHandler)] = [
            (.business, business, saveBusiness), (.catalogue, catalogue, saveCatalogue),
            (.theme, theme, saveTheme), (.payments, payments, savePayments),
            (.invoicing, invoicing, saveInvoicing), (.policies, policies, savePolicies),
            (.publish, publish, savePublish),
        ]
        return [
            privatePage(root) { request, account in
                let (tenant, next) = try await inStore(request, account, may: .read) { tx in
                    (tx.tenant, try await Onboardings().find(in: tx)?.next ?? .publish)
                }
                return .seeOther((next == .store ? .business : next).address(in: tenant))
            },
            privatePage("\(root)/store") { request, account in
                try await show(request, account) { visit, _ in
                    visit.page(
                        .store,
                        """
                        <dl class="panel"><dt>Address</dt><dd>\(onboarding.host(of: visit.store.slug))</dd>\
                        <dt>Currency</dt><dd>\(visit.store.currency.rawValue)</dd></dl>
                        """)
                }
            },
        ]
            + steps.flatMap { step, page, save in
                [
                    privatePage("\(root)/\(step.rawValue)", page),
                    privateForm("\(root)/\(step.rawValue)", save),
                ]
            }
    }

    typealias PrivateHandler = @Sendable (WebRequest, Account) async throws -> WebResponse

    func publish(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await show(request, account) { visit, tx in
            let list = try await Onboardings().checklist(at: request.receivedAt, in: tx)
            let isComing = request.query["publishing"] != nil && visit.store.status == .draft
            return visit.page(.publish, publishBox(visit, list, isComing), refresh: isComing ? 2 : nil)
        }
    }

    private func publishBox(_ visit: Visit, _ list: PublishChecklist, _ isComing: Bool) -> HTML {
        let address = OnboardingStep.publish.address(in: visit.store.tenant)
        if visit.store.status == .paused {
            return "<div class=\"note warn\" role=\"status\"><p>Your store is paused.</p></div>"
        }
        if visit.store.status != .draft {
            let host = visit.request.origin(of: onboarding.host(of: visit.store.slug))
            return """
                <div class="note" role="status"><p><strong>Your store is online.</strong></p>\
                <p><a href="\(link: host)">\(onboarding.host(of: visit.store.slug))</a></p></div>
                """
        }
        if isComing {
            return "<div class=\"note\" role=\"status\"><p>Your store is being published.</p></div>"
        }
        let lacks = list.lacks.map { lack -> HTML in
            "<li><a href=\"\(link: lack.step.address(in: visit.store.tenant))\">\(lack.step.title)"
                + "</a>: \(lack.description)</li>"
        }
        let notice: HTML? =
            list.opensWithoutCheckout
            ? "<div class=\"note warn\"><p>The store opens as a catalogue: ordering begins when "
                + "Stripe has enabled the account.</p></div>"
            : nil
        guard lacks.isEmpty else {
            return
                "<div class=\"note bad\" role=\"alert\"><p><strong>Not yet:</strong></p><ul>\(lacks)"
                + "</ul></div>"
        }
        return """
            \(notice)<form method="post" action="\(link: address)\
            " class="panel">\(visit.request.formTokenField)\
            <p>Everything is there.</p><p><button>Publish the store</button></p></form>
            """
    }

    func savePublish(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let (tenant, state, list) = try await inStore(request, account, may: .administer) { tx in
            let list = try await Onboardings().checklist(at: request.receivedAt, in: tx)
            if list.mayPublish { try await note("store.publish", "store", account, request, in: tx) }
            return (tx.tenant, try await Onboardings().find(in: tx), list)
        }
        guard list.mayPublish, let state else {
            return try await show(
                request, account, problems: [FieldError("publish", "something is missing")]
            ) { visit, _ in visit.page(.publish, publishBox(visit, list, false)) }
        }
        try await tell(.publish, about: state, of: tenant)
        return .seeOther(OnboardingStep.publish.address(in: tenant) + "?publishing=1")
    }
}
