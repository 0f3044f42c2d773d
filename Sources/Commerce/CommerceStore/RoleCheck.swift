package import Postgres

// Row security protects nobody from a superuser, from a role that bypasses it, or from the tables' owner
// with his powers to switch it off. A process that was given such a role by mistake works perfectly, which
// is why it must not start.

package enum RoleCheck {
    /// Throws `StoreError.unsafeRole` with a message that says what to change.
    package static func refusePowerfulRole(_ pool: PostgresPool, variable: String) async throws {
        let result = try await pool.execute(
            """
            select current_user::text as name, rolsuper, rolbypassrls,
                exists (select from pg_namespace where nspname = 'shop' and pg_has_role(nspowner, 'usage'))
                    or exists (select from pg_class where relnamespace = 'shop'::regnamespace
                        and pg_has_role(relowner, 'usage')) as owns,
                exists (select from pg_roles other where (other.rolsuper or other.rolbypassrls)
                    and pg_has_role(current_user, other.oid, 'member')) as can_become
            from pg_roles where rolname = current_user
            """)
        guard let row = result.rows.first else {
            throw StoreError.unsafeRole(variable: variable, reason: "is unknown")
        }
        let name = try row.decode("name", as: String.self)
        let reasons = [
            (try row.decode("rolsuper", as: Bool.self), "is a superuser"),
            (try row.decode("rolbypassrls", as: Bool.self), "bypasses row security"),
            (try row.decode("owns", as: Bool.self), "owns the shop's tables"),
            (try row.decode("can_become", as: Bool.self), "may become a role that bypasses row security"),
        ].filter(\.0).map(\.1)
        guard let reason = reasons.first else { return }
        throw StoreError.unsafeRole(variable: variable, reason: "\(name) \(reason)")
    }
}
