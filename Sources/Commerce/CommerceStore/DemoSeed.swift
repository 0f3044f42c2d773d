package import Commerce
package import Foundation
internal import Postgres

// A platform to play with: two people, three stores on three plans in two currencies, one supplier, twelve
// products. Identifiers are fixed, so seeding again changes nothing and scripts can name what they want.
// Everything goes through the same roles as the application itself; the seed needs no special right.

package struct DemoSeed: Sendable {
    /// What the demo must know of the world around it, so that it matches the vendors' sandboxes.
    package struct Settings: Sendable {
        /// Stores are served at `{slug}.{baseDomain}`.
        package var baseDomain: String
        /// The stores' accounts at Stripe by slug; a store without one cannot take payments.
        package var stripeAccounts: [String: String]
        package var products: [DemoProduct]
        /// What one parcel costs with the supplier, in euro cents.
        package var parcelShippingMinor: Int64
        package var smartBillSeries: String
        /// The stores' logins at SmartBill by slug, `user:token`, sealed with `credentials` when both are
        /// given. Every merchant has an account of their own.
        package var smartBillLogins: [String: String]
        /// Lei per euro, as a national bank publishes it.
        package var euroInLei: String
        package var today: Date
        package var stores = DemoSeed.stores

        package init(
            baseDomain: String, stripeAccounts: [String: String] = [:],
            products: [DemoProduct] = DemoProduct.catalogue, parcelShippingMinor: Int64 = 0,
            smartBillSeries: String = "CFX", smartBillLogins: [String: String] = [:],
            euroInLei: String = "5.0894", today: Date
        ) {
            self.baseDomain = baseDomain
            self.stripeAccounts = stripeAccounts
            self.products = products
            self.parcelShippingMinor = parcelShippingMinor
            self.smartBillSeries = smartBillSeries
            self.smartBillLogins = smartBillLogins
            self.euroInLei = euroInLei
            self.today = today
        }
    }

    package struct DemoStore: Sendable {
        /// Tells its identifiers from other stores'; from 1 to 191.
        package let number: Int
        package let slug: String
        package let name: String
        package let plan: PlanID
        package let currency: Currency
        package let ownerNumber: Int
        package let languages: [Language]
        /// The company's fiscal code, by which SmartBill knows it.
        package let taxID: String
        /// What a shopper pays for delivery.
        package let shippingMinor: Int64

        package init(
            number: Int, slug: String, name: String, plan: PlanID, currency: Currency, ownerNumber: Int,
            languages: [Language], taxID: String, shippingMinor: Int64
        ) {
            self.number = number
            self.slug = slug
            self.name = name
            self.plan = plan
            self.currency = currency
            self.ownerNumber = ownerNumber
            self.languages = languages
            self.taxID = taxID
            self.shippingMinor = shippingMinor
        }

        package var tenant: TenantID { TenantID(rawValue: DemoSeed.uuid(0x10, number)) }
    }

    package static let stores = [
        DemoStore(
            number: 1, slug: "lumina", name: "Lumina", plan: .free, currency: .eur, ownerNumber: 1,
            languages: [.english, .german, .spanish, .romanian], taxID: "RO10000008", shippingMinor: 0),
        DemoStore(
            number: 2, slug: "casa-verde", name: "Casa Verde", plan: .pro, currency: .ron, ownerNumber: 2,
            languages: [.romanian, .english], taxID: "RO20000005", shippingMinor: 1999),
        DemoStore(
            number: 3, slug: "nordlicht", name: "Nordlicht", plan: .business, currency: .eur, ownerNumber: 2,
            languages: [.german, .english], taxID: "RO30000002", shippingMinor: 499),
    ]

    package static let supplierCode = "bigbuy"

    private let database: Database
    private let credentials: Credentials?

    /// The database needs the platform's pool: suppliers and rates are the platform's.
    package init(_ database: Database, credentials: Credentials? = nil) {
        self.database = database
        self.credentials = credentials
    }

    package func apply(_ settings: Settings) async throws {
        try await seedPlatform(settings)
        try await seedPeople()
        for store in settings.stores {
            try await database.transaction(for: store.tenant) { tx in
                try await seed(store, settings, in: tx)
                try await introduce(store, settings, in: tx)
                try await seedProducts(of: store, settings, in: tx)
            }
        }
    }

    private func seedPlatform(_ settings: Settings) async throws {
        let rate = try ExchangeRate(settings.euroInLei, from: .eur, to: .ron)
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                insert into shop.platform_supplier (code, name, adapter, country, currency,
                    parcel_shipping_minor)
                values (\(Self.supplierCode), 'BigBuy', 'bigbuy', 'ES', 'EUR',
                    \(settings.parcelShippingMinor))
                on conflict (code) do update set parcel_shipping_minor = excluded.parcel_shipping_minor
                """)
            try await tx.execute(
                """
                insert into shop.fx_rate (base_currency, quote_currency, valid_on, rate_scaled)
                values ('EUR', 'RON', (\(settings.today)::timestamptz at time zone 'Europe/Bucharest')::date,
                    \(rate.scaled))
                on conflict (base_currency, quote_currency, valid_on) do nothing
                """)
            for product in settings.products {
                try await PlatformStock().observe(
                    product.stock, of: SKU(unchecked: product.reference), at: Self.supplierCode, in: tx)
                try await offer(product, in: tx)
            }
            try await fileOffers(in: tx)
        }
    }

    /// What merchants find in the wizard, as the pulls of the supplier's lists would bring it.
    private func offer(_ product: DemoProduct, in tx: Transaction<EveryTenant>) async throws {
        let descriptions = product.titles.mapValues { "\($0). Ships from the European Union." }
        try await tx.execute(
            """
            insert into shop.catalogue_item (supplier, reference, source_id, titles, descriptions, safety,
                safety_missing, cost_minor, currency, warehouse)
            values (\(Self.supplierCode), \(product.reference), \(product.reference),
                \(JSONB(encoding: product.titles)), \(JSONB(encoding: descriptions)),
                \(JSONText.object(Self.safety)), '{}', \(product.costMinor), 'EUR', \(product.warehouse))
            on conflict do nothing
            """)
    }

    /// What the supplier's sandbox tells of these articles.
    private static let safety = ProductSafety(
        manufacturer: "Demo Works SL", address: "Calle Mayor 1, 46001 Valencia", country: .spain,
        contact: "safety@demo-works.test")

    private func seedPeople() async throws {
        let people = People(database)
        for (number, email, name) in [
            (1, "ana@demo.cartflux.test", "Ana Ionescu"), (2, "max@demo.cartflux.test", "Max Brandt"),
        ] {
            let id = UserID(rawValue: Self.uuid(0x01, number))
            try await people.add(id, email: EmailAddress(parsing: email), name: name, language: .english)
            try await people.verifyEmail(of: id)
        }
    }

    private func seed(_ store: DemoStore, _ settings: Settings, in tx: Transaction<OneTenant>) async throws {
        let account = settings.stripeAccounts[store.slug]
        try await tx.execute(
            """
            insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status, country,
                languages,
                stripe_account, stripe_state, smartbill_tax_id, smartbill_series, shipping_minor,
                    contact_email)
            values (\(tx.tenantUUID), \(Self.uuid(0x01, store.ownerNumber)), \(store.slug), \(store.name),
                \(store.currency.rawValue), \(store.plan.rawValue), 'published', 'RO',
                \(store.languages.map(\.rawValue)), \(account), \(account == nil ? "none" : "enabled"),
                \(store.taxID), \(settings.smartBillSeries), \(store.shippingMinor),
                \("hello@\(store.slug).cartflux.test"))
            on conflict (tenant_id) do update
                set stripe_account = excluded.stripe_account, stripe_state = excluded.stripe_state,
                    smartbill_tax_id = excluded.smartbill_tax_id, smartbill_series = excluded.smartbill_series
            """)
        try await tx.execute(
            """
            insert into shop.store_host (tenant_id, host, kind, verified_at)
            values (\(tx.tenantUUID), \("\(store.slug).\(settings.baseDomain)".lowercased()), 'platform',
                now())
            on conflict (tenant_id, host) do nothing
            """)
        try await tx.execute(
            """
            insert into shop.supplier (tenant_id, id, platform_code, name, adapter, currency,
                parcel_shipping_minor)
            values (\(tx.tenantUUID), \(Self.uuid(0x20, store.number)), \(Self.supplierCode), 'BigBuy',
                'bigbuy', 'EUR',
                \(settings.parcelShippingMinor))
            on conflict (tenant_id, id) do update set parcel_shipping_minor = excluded.parcel_shipping_minor
            """)
        try await tx.execute(
            """
            insert into shop.coupon (tenant_id, id, code, percent_bp)
            values (\(tx.tenantUUID), \(Self.uuid(0x30, store.number)), 'WELCOME10', 1000)
                on conflict do nothing
            """)
        if let credentials, let login = settings.smartBillLogins[store.slug] {
            try await credentials.save(login, kind: "smartbill", in: tx)
        }
    }

    private func seedProducts(
        of store: DemoStore, _ settings: Settings, in tx: Transaction<OneTenant>
    ) async throws {
        let pool = PlatformStock.pool(of: Self.supplierCode)
        let rate =
            store.currency == .eur
            ? ExchangeRate.identity(.eur)
            : try ExchangeRate(settings.euroInLei, from: .eur, to: store.currency)
        for (index, product) in settings.products.enumerated() {
            let price = rate.convert(.eur(product.priceMinor), rounding: .awayFromZero)
            let descriptions = product.titles.mapValues { "\($0). Ships from the European Union." }
            try await tx.execute(
                """
                insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference,
                    warehouse,
                    stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, description,
                    image_url, status, safety)
                values (\(tx.tenantUUID), \(Self.uuid(0x40 + store.number, index + 1)), \(product.slug),
                    \(product.reference), \(Self.uuid(0x20, store.number)), \(product.reference),
                        \(product.warehouse),
                    \(pool), \(product.costMinor), 'EUR', \(price.minorUnits), \(store.currency.rawValue),
                        2100,
                    \(JSONB(encoding: product.titles)), \(JSONB(encoding: descriptions)),
                    null, 'published', shop.safety_facts(\(JSONText.object(Self.safety))))
                on conflict (tenant_id, id) do nothing
                """)
        }
    }

    /// A fixed identifier in the form of version 7.
    static func uuid(_ kind: Int, _ number: Int) -> UUID {
        UUID(
            uuid: (
                0x01, 0x92, 0xF0, 0, 0, 0, 0x70, UInt8(kind), 0x80, 0, 0, 0, 0, 0, UInt8(number >> 8),
                UInt8(number & 0xFF)
            ))
    }
}
