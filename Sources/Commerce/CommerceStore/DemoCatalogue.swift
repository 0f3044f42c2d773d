package import Commerce

// What the demo platform sells: twelve things in four languages, with the supplier's cost and a price that
// leaves a margin on every plan.

/// One product of the demo catalogue.
package struct DemoProduct: Sendable {
    /// The supplier's reference; also what the supplier's sandbox must know.
    package let reference: String
    package let slug: String
    package let costMinor: Int64
    package let priceMinor: Int64
    package let stock: Int
    package let warehouse: String
    package let titles: [Language: String]

    init(
        _ reference: String, _ slug: String, cost: Int64, price: Int64, stock: Int,
        warehouse: String = "main",
        en: String, ro: String, de: String, es: String
    ) {
        self.reference = reference
        self.slug = slug
        costMinor = cost
        priceMinor = price
        self.stock = stock
        self.warehouse = warehouse
        titles = [.english: en, .romanian: ro, .german: de, .spanish: es]
    }
}

extension DemoProduct {
    /// Costs and prices in euro cents, VAT included in the price.
    package static let catalogue: [DemoProduct] = [
        DemoProduct(
            "V0100101", "desk-lamp", cost: 1000, price: 1500, stock: 40, en: "LED desk lamp",
            ro: "Lampă de birou LED", de: "LED-Schreibtischlampe", es: "Lámpara LED de escritorio"),
        DemoProduct(
            "V0100102", "steel-bottle", cost: 620, price: 1290, stock: 120, en: "Steel bottle 750 ml",
            ro: "Sticlă din oțel 750 ml", de: "Edelstahlflasche 750 ml", es: "Botella de acero 750 ml"),
        DemoProduct(
            "V0100103", "linen-apron", cost: 1420, price: 2490, stock: 25, en: "Linen apron",
            ro: "Șorț din in", de: "Leinenschürze", es: "Delantal de lino"),
        DemoProduct(
            "V0100104", "cork-mat", cost: 890, price: 1690, stock: 60, en: "Cork yoga mat",
            ro: "Saltea de yoga din plută", de: "Yogamatte aus Kork", es: "Esterilla de yoga de corcho"),
        DemoProduct(
            "V0100105", "coffee-grinder", cost: 1875, price: 3290, stock: 18, en: "Hand coffee grinder",
            ro: "Râșniță manuală de cafea", de: "Handkaffeemühle", es: "Molinillo de café manual"),
        DemoProduct(
            "V0100106", "wool-blanket", cost: 2450, price: 4490, stock: 12, en: "Wool blanket",
            ro: "Pătură de lână", de: "Wolldecke", es: "Manta de lana"),
        DemoProduct(
            "V0100107", "garden-set", cost: 1340, price: 2390, stock: 30, warehouse: "second",
            en: "Garden tool set",
            ro: "Set de unelte de grădină", de: "Gartenwerkzeug-Set", es: "Juego de herramientas de jardín"),
        DemoProduct(
            "V0100108", "bamboo-board", cost: 540, price: 1190, stock: 75, warehouse: "second",
            en: "Bamboo board",
            ro: "Tocător din bambus", de: "Schneidebrett aus Bambus", es: "Tabla de bambú"),
        DemoProduct(
            "V0100109", "travel-pillow", cost: 710, price: 1490, stock: 50, en: "Travel pillow",
            ro: "Pernă de călătorie", de: "Reisekissen", es: "Almohada de viaje"),
        DemoProduct(
            "V0100110", "ceramic-cup", cost: 390, price: 990, stock: 200, en: "Ceramic cup",
            ro: "Cană din ceramică", de: "Keramikbecher", es: "Taza de cerámica"),
        DemoProduct(
            "V0100111", "bike-light", cost: 980, price: 1790, stock: 35, warehouse: "second",
            en: "Bicycle light",
            ro: "Far de bicicletă", de: "Fahrradlicht", es: "Luz de bicicleta"),
        DemoProduct(
            "V0100112", "last-vase", cost: 1600, price: 2990, stock: 1, en: "Glass vase, last piece",
            ro: "Vază de sticlă, ultima bucată", de: "Glasvase, letztes Stück",
            es: "Jarrón de cristal, última pieza"),
    ]
}
