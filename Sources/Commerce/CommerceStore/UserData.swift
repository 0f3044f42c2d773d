package import Commerce
package import Foundation
internal import Postgres

// What the platform keeps about a person who signs in. It stands in the person's room and, where stores and
// bills are concerned, in tables of several tenants, which the functions of the database reach for exactly
// the person whose room it is. The row of the person stays, because stores and invoices point to it; what it
// says goes. The platform's own invoices keep their buyer as long as the law demands.

package struct UserData: Sendable {
    private let room: Transaction<OneTenant>

    package init(in room: Transaction<OneTenant>) {
        self.room = room
    }

    /// Why the person cannot be forgotten yet.
    package func holds() async throws -> [PersonalDataHold] {
        try await room.first("select shop.holds_of_user() as holds")?
            .decode("holds", as: [String].self).compactMap(PersonalDataHold.init(rawValue:)) ?? []
    }

    /// Everything, as JSON.
    package func copy(at now: Date) async throws -> String {
        let found = try await room.first(
            """
            select jsonb_build_object('format', 'cartflux.personal-data.1', 'made_at', \(now)::timestamptz,
                'user', shop.copy_of_user(), 'letters', (
                    select coalesce(jsonb_agg(jsonb_build_object('sent_at', e.sent_at, 'status', e.status,
                        'subject', e.subject, 'text', e.plain) order by e.created_at), '[]')
                    from shop.email e where e.tenant_id = \(room.tenantUUID)))::text as copy
            """)
        guard let row = found else { throw StoreError.notFound(.user, "\(room.tenant)") }
        return try row.decode("copy")
    }

    /// Forgets the person. Returns how many rows changed, by table. Throws `Problem.userStillHeld` where
    /// something still holds them.
    package func erase() async throws -> [String: Int] {
        let letters = try await room.execute(
            """
            update shop.email set subject = '', html = '', plain = '', problem = null,
                recipient = 'erased@erased.invalid',
                status = case when status in ('queued', 'sending') then 'suppressed' else status end
            where tenant_id = \(room.tenantUUID)
            """
        ).affected
        try await room.execute("delete from shop.email_suppression where tenant_id = \(room.tenantUUID)")
        let found = try await room.first("select shop.erase_user() as counts")
        var counts: [String: Int] = try found?.json("counts") ?? [:]
        counts["email"] = letters
        return counts.filter { $0.value > 0 }
    }
}
