// What operators did, newest first, and the proof that nobody changed it since.

import CommerceStore
import Fleet
import Foundation
import WebSupport

extension Console {
    var auditEndpoints: [Endpoint] {
        [
            privatePage("/ops/audit", auditPage), privatePage("/ops/audit/verify", verifyPage),
            privatePage("/ops/people", peoplePage),
        ]
    }

    private static let pageSize = 100

    private func auditPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let subject = request.query["subject"].flatMap { $0.isEmpty ? nil : $0 }
        let before = request.query["before"].flatMap { Int64($0) }
        let records = try await Audit.list(
            on: subject, before: before, limit: Self.pageSize, from: tools.pool)
        let last = records.count == Self.pageSize ? records.last.map { ["before": "\($0.number)"] } : nil
        let search = Entry("subject", "To what", hint: "A run's id, a queue's or schedule's name.")
        return ConsolePage(
            request, title: "Audit", admin: admin,
            main: """
                <h1>Audit</h1><form method="get" action="/ops/audit" class="filters panel">\
                \(search.html(request, []))<div><button>Filter</button></div></form>\
                <p><a href="/ops/audit/verify">Prove it whole</a> · \
                <a href="/ops/people">Who may sign in here</a></p>\
                \(AuditTable(records: records).html)\
                <p class="pager">\(Pager(request: request, last: last).html)</p>
                """
        ).response()
    }

    private func verifyPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let report = try await Audit.verify(in: tools.pool)
        let faults = report.faults.map { "<li>\("\($0)")</li>" as HTML }
        let verdict: HTML =
            report.faults.isEmpty
            ? """
            <div class="note" role="status"><p><strong>Nothing was changed, deleted or moved.</strong></p>\
            </div>
            """
            : "<div class=\"note bad\" role=\"alert\"><p>The chain was touched:</p><ul>\(faults)</ul></div>"
        return ConsolePage(
            request, title: "Audit, verified", admin: admin,
            main: """
                <h1>The audit, followed row by row</h1>\(verdict)
                <p>\(report.rows) rows. The chain ends at <code>\(report.head.anchor)</code>. Note this down \
                outside the database: a chain that was written anew as a whole has another end.</p>
                """
        ).response()
    }

    private func peoplePage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let now = request.receivedAt
        let rows = try await desk.everybody().map { line -> [HTML] in
            [
                "\(line.admin.email.rawValue)", "\(line.admin.name)", "\(line.admin.role.rawValue)",
                "\(line.sessions)", line.disabledAt.map { Show.time($0, now) } ?? "may sign in",
            ]
        }
        return ConsolePage(
            request, title: "People", admin: admin,
            main: "<h1>Who may sign in here</h1>"
                + DataTable(
                    caption: "Administrators",
                    headings: ["Address", "Name", "Role", "Sessions", "Disabled"], rows: rows
                ).html + "<p class=\"fine\">Kept with <code>cartflux admins</code>.</p>"
        ).response()
    }
}
