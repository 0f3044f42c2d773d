package import Commerce
package import Foundation
internal import Postgres

// What was done in a store, for its owner to read. Rows name people by their id alone; who they are is looked
// up among the team of today, so that a name does not outlive the person's stay.

package struct AuditTrail: Sendable {
    package static let pageSize = 50

    package struct Entry: Sendable, Equatable {
        package let id: AuditID
        package let at: Date
        /// As it was recorded: `user:` and an id, an operator, or a part of the program.
        package let actor: String
        package let action: String
        package let target: String
        package let reason: String?
        package let requestID: String?
    }

    /// What is looked for; an empty one is everything.
    package struct Filter: Sendable, Equatable {
        package var user: UserID?
        /// The part of an action before its point, such as `team` of `team.invite`.
        package var area: String?
        /// Whole days in the zone of the platform's books, such as `2026-11-23`.
        package var from: String?
        package var until: String?

        package init(user: UserID? = nil, area: String? = nil, from: String? = nil, until: String? = nil) {
            self.user = user
            self.area = area
            self.from = from
            self.until = until
        }
    }

    package init() {}

    package func page(
        _ filter: Filter, after mark: PageMark?, in tx: Transaction<OneTenant>
    ) async throws -> ListPage<Entry> {
        let place: Query = mark.map { "and (at, id) < (\($0.moment), \($0.id))" } ?? ""
        let who: Query = filter.user.map { "and actor = \("user:\($0)")" } ?? ""
        let what: Query = filter.area.map { "and split_part(action, '.', 1) = \($0)" } ?? ""
        let from: Query =
            filter.from.map { "and at >= (\($0)::date)::timestamp at time zone 'Europe/Bucharest'" } ?? ""
        let until: Query =
            filter.until.map { "and at < (\($0)::date + 1)::timestamp at time zone 'Europe/Bucharest'" } ?? ""
        let rows = try await tx.execute(
            """
            select id, at, actor, action, target, reason, request_id, \(PageMark.column("at"))
            from shop.audit
            where tenant_id = \(tx.tenantUUID) \(place) \(who) \(what) \(from) \(until)
            order by at desc, id desc limit \(Self.pageSize + 1)
            """
        ).rows
        return ListPage(try rows.map { (try Entry(row: $0), try PageMark(row: $0)) }, limit: Self.pageSize)
    }

    /// The areas in which something was done, for a filter to offer.
    package func areas(in tx: Transaction<OneTenant>) async throws -> [String] {
        try await tx.execute(
            """
            select distinct split_part(action, '.', 1) as area from shop.audit
            where tenant_id = \(tx.tenantUUID) order by 1 limit 100
            """
        ).rows.map { try $0.decode("area") }
    }
}

extension AuditTrail.Entry {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        at = try row.decode("at")
        actor = try row.decode("actor")
        action = try row.decode("action")
        target = try row.decode("target")
        reason = try row.decode("reason")
        requestID = try row.decode("request_id")
    }
}
