// A store's own domain: what to set in its DNS, how far that is, and the way out.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var domainEndpoints: [Endpoint] {
        guard let domainDesk else { return [] }
        return [
            privatePage("/stores/:store/domain") { request, account in
                try await domainPage(request, account, []).response()
            },
            privateForm("/stores/:store/domain") { request, account in
                try await actOnDomain(request, account, domainDesk)
            },
        ]
    }

    private static let field = FormField(
        "domain", "Domain", hint: "The name alone, such as shop.example.com.")

    private func domainPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> StorePage {
        let (store, domain) = try await inStore(request, account, may: .read) { tx in
            (try await Stores().load(in: tx), try await CustomDomains().current(in: tx))
        }
        let root = StorePlace.domain.address(in: store.tenant)
        let form = FormView(
            request: request, action: root, fields: [Self.field], values: request.typed([Self.field]),
            problems: problems, button: "Use this domain", hidden: [("act", "add")]
        ).html
        let own = onboarding.host(of: store.slug)
        let main: HTML
        switch domain?.state {
        case .pending?, .active?:
            main = domain.map { Self.open($0, own, request, root) } ?? .empty
        case .expired?:
            let problem: HTML? = domain?.problem.map { "<p>\($0)</p>" }
            main = """
                <div class="note warn"><p><strong>\(domain?.name.rawValue ?? "") is not served any more.\
                </strong></p>\(problem)</div>\(form)
                """
        default:
            main = "<p>Your store is at <code>\(own)</code>.</p>\(form)"
        }
        return StorePage(request: request, account: account, store: store, place: .domain, main: main)
    }

    private static func open(
        _ domain: CustomDomain, _ own: String, _ request: WebRequest, _ root: String
    ) -> HTML {
        let records = HTML.table(
            "Set these records where you manage the domain", ["Type", "Name", "Value"],
            [
                [
                    "TXT", "<code>\(domain.name.proofName)</code>",
                    "<code>\(DomainName.proofText(domain.proof))</code>",
                ],
                ["CNAME", "<code>\(domain.name.rawValue)</code>", "<code>\(own)</code>"],
            ])
        let state: HTML =
            domain.state == .active
            ? "<div class=\"note good\"><p><strong>\(domain.name.rawValue) is your store's address."
                + "</strong></p></div>"
            : "<div class=\"note\" role=\"status\"><p>We look for the records every few minutes.</p></div>"
        let problem: HTML? = domain.problem.map {
            "<div class=\"note warn\"><p>At the last look: \($0).</p></div>"
        }
        let checked: HTML? = domain.checkedAt.map { "<p class=\"fine\">Last look: \(HTML.time($0))</p>" }
        return """
            \(state)\(problem)\(records)
            <p class="fine">A bare domain cannot have a CNAME: use the ALIAS or ANAME record of your \
            provider. The certificate is made by itself within minutes after the domain leads here. Keep \
            both records: we look at them daily, and a domain that has not led here for three days is served \
            no more.</p>
            \(checked)
            <div class="acts">\(request.button("Look now", at: root, act: "check"))\
            \(request.button("Remove the domain", at: root, act: "remove"))</div>
            """
    }

    private func actOnDomain(
        _ request: WebRequest, _ account: Account, _ desk: DomainDesk
    ) async throws -> WebResponse {
        guard request.form["act"] != "add" else { return try await addDomain(request, account, desk) }
        let run = try await inStore(request, account, may: .change) { tx in
            guard let domain = try await CustomDomains().current(in: tx), domain.isOpen else {
                throw WebProblem(.notFound, "the store has no domain of its own")
            }
            switch request.form["act"] {
            case "check": break
            case "remove":
                try await CustomDomains().close(domain.id, as: .removed, in: tx)
                try await note("domain.remove", domain.name.rawValue, account, request, in: tx)
            default: throw WebProblem(.invalidFields, "there is no such action")
            }
            return domain.run
        }
        if let run { try await desk.nudge(run) }
        return .seeOther(request.path)
    }

    private func addDomain(
        _ request: WebRequest, _ account: Account, _ desk: DomainDesk
    ) async throws -> WebResponse {
        func refused(_ reason: String) async throws -> WebResponse {
            try await domainPage(request, account, [FieldError("domain", reason)]).response(status: 422)
        }
        do {
            try await inStore(request, account, may: .change) { tx in
                let name = try DomainName(parsing: request.form["domain"] ?? "")
                let domain = try await CustomDomains().add(name, platform: onboarding.baseDomain, in: tx)
                try await note("domain.add", name.rawValue, account, request, in: tx)
                try await desk.begin(domain.id, tx)
            }
            return .seeOther(request.path)
        } catch let error as CommerceError {
            return try await refused("cannot be used: \(Self.reason(error))")
        } catch let refusal as DomainRefusal {
            return try await refused(Self.reason(refusal))
        }
    }

    private static func reason(_ error: CommerceError) -> String {
        switch error {
        case .malformed(_, _, let reason): reason
        default: error.description
        }
    }

    private static func reason(_ refusal: DomainRefusal) -> String {
        switch refusal {
        case .ours: "belongs to this platform"
        case .taken: "leads to another store here"
        case .oneAlready(let other): "would be a second one: remove \(other) first"
        }
    }
}
