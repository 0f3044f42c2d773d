package import Commerce
package import Foundation
internal import Postgres

// What VIES said about the VAT numbers of accounts that are billed across a border, and which of them are to
// be asked about. Answers are evidence and only added; whether an invoice goes out without VAT is decided by
// `billing_account.vat_checked_at` alone, which only a yes sets and only a no, or another number, takes away.
// A register that is away changes neither, so a merchant who was valid last month stays so.

package struct VATChecks: Sendable {
    /// After which a yes is asked for again.
    package static let validFor: Duration = .seconds(30 * 86_400)
    /// The same for a no: whoever has just been registered need not wait for long.
    package static let invalidFor: Duration = .seconds(7 * 86_400)

    package init() {}

    /// An answer, as it is kept.
    package struct Answer: Sendable, Equatable {
        package let number: VATNumber
        package let isValid: Bool
        package let consultation: String?
        package let name: String?
        package let address: String?

        package init(
            number: VATNumber, isValid: Bool, consultation: String?, name: String?, address: String?
        ) {
            self.number = number
            self.isValid = isValid
            self.consultation = consultation
            self.name = name
            self.address = address
        }
    }

    /// Keeps an answer and lets it count. The caller holds the account's lock and has seen that the number is
    /// still the account's.
    package func keep(
        _ answer: Answer, askedBy run: UUID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.vat_check (tenant_id, run_id, vat_number, asked_at, is_valid,
                consultation_number, registered_name, registered_address)
            values (\(tx.tenantUUID), \(run), \(answer.number.rawValue), \(now), \(answer.isValid),
                \(answer.consultation), \(answer.name), \(answer.address))
            """)
        try await tx.execute(
            """
            update shop.billing_account set vat_checked_at = \(answer.isValid ? now : nil)
            where tenant_id = \(tx.tenantUUID) and vat_number = \(answer.number.rawValue)
            """)
    }

    /// Whether the account of this store's owner is billed with this store.
    package func isHome(in tx: Transaction<OneTenant>) async throws -> Bool {
        let found = try await tx.first(
            """
            select shop.home_of_account(s.owner_id) = s.tenant_id as is_home from shop.store s
            where s.tenant_id = \(tx.tenantUUID)
            """)
        return try found?.decode("is_home", as: Bool?.self) ?? false
    }

    // MARK: - What merchants see

    package enum Standing: Sendable, Equatable {
        case unchecked(VATNumber)
        /// `name`: whose number it is, where the register tells.
        case checked(VATNumber, at: Date, consultation: String?, name: String?)
        case refused(VATNumber, at: Date)
    }

    /// What is known about the number that the merchant has given. Nil where none was, or where nothing
    /// depends on it.
    package func standing(in tx: Transaction<OneTenant>) async throws -> Standing? {
        let found = try await tx.first(
            """
            select upper(i.vat_number) as number, i.country, p.country as seller,
                case when b.vat_number = upper(i.vat_number) then b.vat_checked_at end as checked_at,
                c.asked_at, c.is_valid, c.consultation_number, c.registered_name
            from shop.business_identity i cross join shop.platform_identity p
            left join shop.billing_account b on b.tenant_id = i.tenant_id
            left join lateral (select * from shop.vat_check v
                where v.tenant_id = i.tenant_id and v.vat_number = upper(i.vat_number)
                order by v.asked_at desc limit 1) c on true
            where i.tenant_id = \(tx.tenantUUID) and i.vat_number is not null
            """)
        guard let row = found,
            PlatformVAT.dependsOnNumber(seller: try row.raw("seller"), buyer: try row.raw("country"))
        else { return nil }
        let number = VATNumber(unchecked: try row.decode("number"))
        let asked = try row.decode("asked_at", as: Date?.self)
        if let checked = try row.decode("checked_at", as: Date?.self) {
            // Until the answer to a new question is there, the last yes is the newest answer.
            return .checked(
                number, at: checked, consultation: try row.decode("consultation_number"),
                name: try row.decode("registered_name"))
        }
        if let asked, try row.decode("is_valid", as: Bool?.self) == false {
            return .refused(number, at: asked)
        }
        return .unchecked(number)
    }

    // MARK: - What is due

    /// A number to ask about, and the home store of the account that has it.
    package struct Due: Sendable, Equatable {
        package let home: TenantID
        package let number: VATNumber
    }

    /// The numbers on which the platform's invoices depend and that have no answer, or an old one, in a fixed
    /// order, after one of them. A number counts from when the merchant has given it, billed or not.
    package func due(
        at now: Date, after last: TenantID?, limit: Int, in tx: Transaction<EveryTenant>
    ) async throws -> [Due] {
        let after = last?.rawValue ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        let union = CountryCode.europeanUnion.map(\.rawValue).sorted()
        return try await tx.execute(
            """
            select i.tenant_id, upper(i.vat_number) as number
            from shop.business_identity i cross join shop.platform_identity p
            join shop.store s on s.tenant_id = i.tenant_id
            left join shop.billing_account b on b.tenant_id = i.tenant_id
            where i.tenant_id > \(after) and i.vat_number is not null
                and i.country <> p.country and i.country = any(\(union))
                and (b.vat_checked_at is null or b.vat_number is distinct from upper(i.vat_number)
                    or b.vat_checked_at < \(now.addingTimeInterval(-Self.validFor.wholeSeconds)))
                and not exists (select from shop.vat_check c
                    where c.tenant_id = i.tenant_id and c.vat_number = upper(i.vat_number)
                        and not c.is_valid
                        and c.asked_at > \(now.addingTimeInterval(-Self.invalidFor.wholeSeconds)))
                and (b.tenant_id is not null or shop.home_of_account(s.owner_id) = i.tenant_id)
            order by i.tenant_id limit \(limit)
            """
        ).rows.map {
            Due(home: try $0.id("tenant_id"), number: VATNumber(unchecked: try $0.decode("number")))
        }
    }
}

extension Duration {
    fileprivate var wholeSeconds: TimeInterval { TimeInterval(components.seconds) }
}
