// Who did what in a store, for its owner. Filters and the place in the list are in the address, so a view can
// be kept and sent on. People are named as the team knows them today.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var auditEndpoints: [Endpoint] {
        [privatePage("/stores/:store/audit", auditPage)]
    }

    private func auditPage(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        var problems: [FieldError] = []
        func day(_ name: String) -> String? {
            guard let text = request.query[name], !text.isEmpty else { return nil }
            // Why it cannot be read adds nothing to what the form says. Read back, so that the thirty-first
            // of November is no first of December.
            let read = try? Date("\(text)T00:00:00Z", strategy: .iso8601)
            if text.count == 10, let read, read.formatted(.iso8601).hasPrefix(text) { return text }
            problems.append(FieldError(name, "must be a day, such as 2026-11-23"))
            return nil
        }
        let filter = AuditTrail.Filter(
            user: request.query["who"].flatMap { UUID(uuidString: $0) }.map(UserID.init(rawValue:)),
            area: request.query["area"].flatMap { $0.isEmpty ? nil : $0 }, from: day("from"),
            until: day("until"))
        let mark = PageMark(request)
        let invitations = TeamInvitations(database)
        let (store, page, team, areas) = try await inStore(request, account, may: .administer) { tx in
            (
                try await Stores().load(in: tx), try await AuditTrail().page(filter, after: mark, in: tx),
                try await invitations.team(in: tx), try await AuditTrail().areas(in: tx)
            )
        }
        let names = Dictionary(team.map { ("user:\($0.user)", $0.name) }) { first, _ in first }
        let form = AuditForm(request: request, team: team, areas: areas, problems: problems)
        let root = StorePlace.audit.address(in: store.tenant)
        return StorePage(
            request: request, account: account, store: store, place: .audit,
            main: """
                \(form.html(at: root))\(Self.list(page.elements, names, filter, root))
                \(request.olderLink(page.next, keeping: AuditForm.names))
                """
        ).response(status: problems.isEmpty ? 200 : 422)
    }

    private static func list(
        _ entries: [AuditTrail.Entry], _ names: [String: String], _ filter: AuditTrail.Filter,
        _ root: String
    ) -> HTML {
        guard !entries.isEmpty else {
            return filter == AuditTrail.Filter()
                ? "<div class=\"empty\"><p>Nothing has been noted yet.</p></div>"
                : """
                <div class="empty"><p>Nothing fits this filter.</p>\
                <p><a href="\(link: root)">Show everything</a></p></div>
                """
        }
        let rows = entries.map { entry -> [HTML] in
            let reason: HTML? = entry.reason.map { "<p class=\"fine\">\($0)</p>" }
            return [
                HTML.time(entry.at), "\(person(entry.actor, names))", "<code>\(entry.action)</code>",
                "\(names[entry.target] ?? entry.target)\(reason)",
                "<span class=\"fine\">\(entry.requestID ?? "")</span>",
            ]
        }
        return .table("Newest first", ["When", "Who", "What", "About", "Request"], rows)
    }

    /// Operators are the platform to a merchant, whoever of them it was.
    private static func person(_ actor: String, _ names: [String: String]) -> String {
        if let name = names[actor] { return name }
        if actor.hasPrefix("user:") { return "somebody who has left the team" }
        if actor.hasPrefix("operator") || actor.hasPrefix("admin") { return "CartFlux" }
        return actor
    }
}

private struct AuditForm: Sendable {
    static let names = ["who", "area", "from", "until"]

    let request: WebRequest
    let team: [TeamMember]
    let areas: [String]
    let problems: [FieldError]

    func html(at root: String) -> HTML {
        let people = [("", "Everybody")] + team.map { ($0.user.description, $0.name) }
        let fields = [
            FormField("who", "Who", width: "half", choices: people),
            FormField("area", "What", width: "half", choices: [("", "Everything")] + areas.map { ($0, $0) }),
            FormField("from", "From the day", type: "date", width: "half"),
            FormField("until", "until the day", type: "date", width: "half"),
        ]
        let rows = fields.map { $0.html(request.query[$0.name] ?? "", problems) }
        return """
            <form method="get" action="\(link: root)" class="panel stack" role="search">\
            <div class="fields">\(rows)</div><p><button class="quiet">Show</button></p></form>
            """
    }
}

extension PageMark {
    /// Where the page before ended, from an address. What is none begins the list.
    init?(_ request: WebRequest) {
        let parts = (request.query["after"] ?? "").split(separator: "_", maxSplits: 1)
        guard parts.count == 2, let microseconds = Int64(parts[0]),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(microseconds: microseconds, id: id)
    }
}

extension WebRequest {
    /// The way to the next page of a list, with the filters that are in force.
    func olderLink(_ mark: PageMark?, keeping names: [String]) -> HTML? {
        guard let mark else { return nil }
        let kept = names.compactMap { name in
            query[name].map { "\(name)=\(PercentCoding.encode($0))&" }
        }.joined()
        let address = "?\(kept)after=\(mark.microseconds)_\(mark.id.uuidString.lowercased())"
        return "<p><a rel=\"next\" href=\"\(link: address)\">Older</a></p>"
    }
}
