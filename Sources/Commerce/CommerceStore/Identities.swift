package import Commerce
package import Foundation
internal import Postgres

// Who the trader is, what the store promises, and the legal pages that follow from both. Pages are filled in
// anew when either changes, except those that the merchant has written.

package struct Identities: Sendable {
    package init() {}

    package func save(_ identity: BusinessIdentity, at now: Date, in tx: Transaction<OneTenant>) async throws
    {
        try await tx.execute(
            """
            insert into shop.business_identity (tenant_id, legal_name, country, vat_number, vat_checked_at,
                registration, address_line, postcode, city, phone, email)
            values (\(tx.tenantUUID), \(identity.legalName), \(identity.country.rawValue),
                \(identity.vatNumber?.rawValue), \(identity.vatNumber == nil ? nil : now),
                \(identity.registration), \(identity.addressLine), \(identity.postcode), \(identity.city),
                \(identity.phone), \(identity.email.rawValue))
            on conflict (tenant_id) do update set legal_name = excluded.legal_name,
                country = excluded.country, vat_number = excluded.vat_number,
                vat_checked_at = excluded.vat_checked_at, registration = excluded.registration,
                address_line = excluded.address_line, postcode = excluded.postcode, city = excluded.city,
                phone = excluded.phone, email = excluded.email
            """)
        // Nobody asks any more about a number that was given up, so nobody else would close what it left.
        try await Attention().resolveOthers(
            of: .vatNumber, than: identity.vatNumber?.rawValue ?? "", by: "another number", in: tx)
        try await LegalPages().fill(in: tx)
    }

    package func load(in tx: Transaction<OneTenant>) async throws -> BusinessIdentity? {
        try await tx.first("select * from shop.business_identity where tenant_id = \(tx.tenantUUID)").map {
            row in
            BusinessIdentity(
                legalName: try row.decode("legal_name"), country: try row.raw("country"),
                vatNumber: try row.decode("vat_number", as: String?.self).map(VATNumber.init(unchecked:)),
                registration: try row.decode("registration"), addressLine: try row.decode("address_line"),
                postcode: try row.decode("postcode"), city: try row.decode("city"),
                phone: try row.decode("phone"), email: EmailAddress(unchecked: try row.decode("email")))
        }
    }

    package func save(_ policy: StorePolicy, in tx: Transaction<OneTenant>) async throws {
        let days = policy.deliveryDays
        try await tx.execute(
            """
            insert into shop.store_policy (tenant_id, delivery_days_from, delivery_days_to, withdrawal_days,
                return_cost)
            values (\(tx.tenantUUID), \(Int16(days.lowerBound)), \(Int16(days.upperBound)),
                \(Int16(policy.withdrawalDays)), \(policy.returnCost.rawValue))
            on conflict (tenant_id) do update set delivery_days_from = excluded.delivery_days_from,
                delivery_days_to = excluded.delivery_days_to, withdrawal_days = excluded.withdrawal_days,
                return_cost = excluded.return_cost
            """)
        try await LegalPages().fill(in: tx)
    }

    package func policy(in tx: Transaction<OneTenant>) async throws -> StorePolicy? {
        try await tx.first("select * from shop.store_policy where tenant_id = \(tx.tenantUUID)").flatMap {
            row in
            StorePolicy(
                deliveryFrom: try row.int("delivery_days_from"), to: try row.int("delivery_days_to"),
                withdrawalDays: try row.int("withdrawal_days"), returnCost: try row.raw("return_cost"))
        }
    }
}

package struct LegalPage: Sendable, Equatable {
    package let kind: LegalPageKind
    package let language: Language
    package let body: String
    package let isEdited: Bool
}

package struct LegalPages: Sendable {
    package init() {}

    /// Writes every page in every language that nobody has edited. Nothing happens without an identity.
    package func fill(in tx: Transaction<OneTenant>) async throws {
        // Who saves the identity and who saves the policies at the same moment take turns, so that the later
        // one writes pages of both.
        try await tx.execute(
            "select from shop.store where tenant_id = \(tx.tenantUUID) for no key update")
        guard let identity = try await Identities().load(in: tx) else { return }
        let store = try await Stores().load(in: tx)
        let policy = try await Identities().policy(in: tx) ?? .standard
        let text = LegalText(store: store.name, identity: identity, policy: policy)
        let pages = LegalPageKind.allCases.flatMap { kind in Language.allCases.map { (kind, $0) } }
        try await tx.execute(
            """
            insert into shop.legal_page as p (tenant_id, kind, language, body)
            select \(tx.tenantUUID), * from unnest(\(pages.map(\.0.rawValue))::text[],
                \(pages.map(\.1.rawValue))::text[], \(pages.map { text.body($0, in: $1) })::text[])
            on conflict (tenant_id, kind, language) do update set body = excluded.body
                where not p.is_edited and p.body <> excluded.body
            """)
    }

    /// The merchant's own words.
    package func edit(
        _ kind: LegalPageKind, in language: Language, body: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.legal_page (tenant_id, kind, language, body, is_edited)
            values (\(tx.tenantUUID), \(kind.rawValue), \(language.rawValue), \(body), true)
            on conflict (tenant_id, kind, language) do update set body = excluded.body, is_edited = true
            """)
    }

    /// Nil where the store has no such page in that language.
    package func find(
        _ kind: LegalPageKind, in language: Language, _ tx: Transaction<OneTenant>
    ) async throws -> LegalPage? {
        try await tx.first(
            """
            select * from shop.legal_page where tenant_id = \(tx.tenantUUID)
                and kind = \(kind.rawValue) and language = \(language.rawValue)
            """
        ).map(LegalPage.init(row:))
    }

    package func all(in tx: Transaction<OneTenant>) async throws -> [LegalPage] {
        try await tx.execute(
            """
            select * from shop.legal_page where tenant_id = \(tx.tenantUUID) order by kind, language
            """
        ).rows.map(LegalPage.init(row:))
    }

    /// How many pages the store lacks in its languages.
    package func missing(for languages: [Language], in tx: Transaction<OneTenant>) async throws -> Int {
        let found = try await tx.first(
            """
            select count(*)::integer as present from shop.legal_page
            where tenant_id = \(tx.tenantUUID) and language = any(\(languages.map(\.rawValue)))
            """)
        return languages.count * LegalPageKind.allCases.count - (try found?.int("present") ?? 0)
    }
}

extension LegalPage {
    fileprivate init(row: Row) throws {
        kind = try row.raw("kind")
        language = try row.raw("language")
        body = try row.decode("body")
        isEdited = try row.decode("is_edited")
    }
}
