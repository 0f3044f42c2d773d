internal import Commerce
internal import Foundation
internal import Postgres

// What the demo's shops need so that a visitor finds a whole shop: who the trader is, what is promised, a
// look of their own, and a shelf with branches. What somebody has entered since stays as it is.

extension DemoSeed {
    private struct Branch {
        let reference: String
        let names: [Language: String]
        let products: [String]
    }

    private static let branches = [
        Branch(
            reference: "D1",
            names: [
                .english: "Home and light", .romanian: "Casă și lumină", .german: "Wohnen und Licht",
                .spanish: "Hogar e iluminación",
            ], products: ["V0100101", "V0100106", "V0100112"]),
        Branch(
            reference: "D2",
            names: [
                .english: "Kitchen", .romanian: "Bucătărie", .german: "Küche", .spanish: "Cocina",
            ], products: ["V0100103", "V0100105", "V0100108", "V0100110"]),
        Branch(
            reference: "D3",
            names: [
                .english: "Outdoors and travel", .romanian: "Aer liber și călătorii",
                .german: "Draußen und unterwegs", .spanish: "Aire libre y viajes",
            ], products: ["V0100102", "V0100104", "V0100107", "V0100109", "V0100111"]),
    ]

    /// Files the offers of the platform's supplier, before stores take them. What the supplier's own list
    /// said about an article counts more.
    func fileOffers(in tx: Transaction<EveryTenant>) async throws {
        for branch in Self.branches {
            try await tx.execute(
                """
                insert into shop.catalogue_category (supplier, reference, names)
                values (\(Self.supplierCode), \(branch.reference), \(JSONText.object(branch.names)))
                on conflict do nothing
                """)
            try await tx.execute(
                """
                update shop.catalogue_item set category = \(branch.reference)
                where supplier = \(Self.supplierCode) and reference = any(\(branch.products))
                    and category is null
                """)
        }
    }

    /// Who trades at a store, what is promised there, and what it looks like.
    func introduce(_ store: DemoStore, _ settings: Settings, in tx: Transaction<OneTenant>) async throws {
        if try await Identities().load(in: tx) == nil {
            let identity = BusinessIdentity(
                legalName: "\(store.name) SRL", country: .romania,
                vatNumber: VATNumber(rawValue: store.taxID), registration: "J12/\(100 + store.number)/2024",
                addressLine: "Strada Memorandumului \(store.number)", postcode: "400114",
                city: "Cluj-Napoca", phone: "+4026455550\(store.number)",
                email: try EmailAddress(parsing: "hello@\(store.slug).cartflux.test"))
            try await Identities().save(identity, at: settings.today, in: tx)
        }
        if try await Identities().policy(in: tx) == nil {
            try await Identities().save(StorePolicy.standard, in: tx)
        }
        if try await Stores().theme(in: tx) == nil {
            let looks = ["plain", "garden", "harbour"]
            try await Stores().setTheme(looks[(store.number - 1) % looks.count], in: tx)
        }
    }
}
