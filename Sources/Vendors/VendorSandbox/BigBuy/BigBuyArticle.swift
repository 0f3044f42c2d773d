import Foundation

// A small fixed catalogue: the twelve articles of the demo shop at the costs it expects, then the awkward
// ones: refurbished, in two warehouses, sold out, inactive, in sizes and colours.

/// One article.
struct BigBuyArticle: Sendable {
    let sku: String
    let id: Int64
    let taxonomy: BigBuyTaxonomy
    /// Hundredths of a euro, without VAT and shipping.
    var price: Int64
    let grams: Int64
    let firstStock: [Int: Int]
    let condition: String
    var isActive: Bool
    /// One that is not is gone from every list and cannot be ordered; its number is never given out again.
    var isListed = true
    /// Set by levers.
    var addedAt: Date?
    var changedAt: Date?
    /// By language code.
    var titles: [String: String]
    var compliance: BigBuyCompliance
    /// Where there are any they are sold, and the article itself is not.
    var variations: [BigBuyVariation]

    /// The warehouse that sends it as long as it has enough.
    var warehouse: Int { firstStock.keys.min() ?? 1 }

    /// A valid EAN-13 made from the id.
    var ean: String { Self.ean(id) }

    static func ean(_ id: Int64) -> String {
        let digits = "84350" + String(String(id + 10_000_000).suffix(7))
        let sum = digits.enumerated().reduce(0) { sum, digit in
            sum + (digit.element.wholeNumberValue ?? 0) * (digit.offset.isMultiple(of: 2) ? 1 : 3)
        }
        return digits + String((10 - sum % 10) % 10)
    }

    init(
        _ sku: String, _ id: Int64, _ taxonomy: BigBuyTaxonomy, price: Int64, grams: Int64, stock: [Int: Int],
        condition: String = "NEW", isActive: Bool = true, variations: [BigBuyVariation] = [],
        titles: [String: String]
    ) {
        self.sku = sku
        self.id = id
        self.taxonomy = taxonomy
        self.price = price
        self.grams = grams
        firstStock = stock
        self.condition = condition
        self.isActive = isActive
        self.titles = titles
        self.variations = variations
        compliance = .ofCatalogue(sku)
    }

    private init(
        _ sku: String, _ id: Int64, _ taxonomy: BigBuyTaxonomy, price: Int64, grams: Int64, stock: [Int: Int],
        condition: String = "NEW", isActive: Bool = true, variations: [BigBuyVariation] = [],
        en: String, ro: String, de: String, es: String
    ) {
        self.init(
            sku, id, taxonomy, price: price, grams: grams, stock: stock, condition: condition,
            isActive: isActive, variations: variations, titles: ["en": en, "ro": ro, "de": de, "es": es])
    }
}

/// The roots of the catalogue.
enum BigBuyTaxonomy: Int64, Sendable, CaseIterable {
    case lighting = 19657
    case home = 19658
    case leisure = 19659

    var titles: [String: String] {
        switch self {
        case .lighting:
            ["en": "Lighting", "ro": "Iluminat", "de": "Beleuchtung", "es": "Iluminación"]
        case .home: ["en": "Home", "ro": "Casă", "de": "Haushalt", "es": "Hogar"]
        case .leisure: ["en": "Leisure", "ro": "Timp liber", "de": "Freizeit", "es": "Ocio"]
        }
    }
}

extension BigBuyArticle {
    static let catalogue: [BigBuyArticle] = [
        BigBuyArticle(
            "V0100101", 334497, .lighting, price: 1000, grams: 730, stock: [1: 40],
            en: "LED desk lamp", ro: "Lampă de birou LED",
            de: "LED-Schreibtischlampe", es: "Lámpara LED de escritorio"),
        BigBuyArticle(
            "V0100102", 334498, .home, price: 620, grams: 310, stock: [1: 120],
            en: "Steel bottle 750 ml", ro: "Sticlă din oțel 750 ml",
            de: "Edelstahlflasche 750 ml", es: "Botella de acero 750 ml"),
        BigBuyArticle(
            "V0100103", 334499, .home, price: 1420, grams: 280, stock: [1: 25],
            en: "Linen apron", ro: "Șorț din in",
            de: "Leinenschürze", es: "Delantal de lino"),
        BigBuyArticle(
            "V0100104", 334500, .leisure, price: 890, grams: 900, stock: [1: 60],
            en: "Cork yoga mat", ro: "Saltea de yoga din plută",
            de: "Yogamatte aus Kork", es: "Esterilla de yoga de corcho"),
        BigBuyArticle(
            "V0100105", 334501, .home, price: 1875, grams: 640, stock: [1: 18],
            en: "Hand coffee grinder", ro: "Râșniță manuală de cafea",
            de: "Handkaffeemühle", es: "Molinillo de café manual"),
        BigBuyArticle(
            "V0100106", 334502, .home, price: 2450, grams: 1500, stock: [1: 12],
            en: "Wool blanket", ro: "Pătură de lână",
            de: "Wolldecke", es: "Manta de lana"),
        BigBuyArticle(
            "V0100107", 334503, .leisure, price: 1340, grams: 1100, stock: [2: 30],
            en: "Garden tool set", ro: "Set de unelte de grădină",
            de: "Gartenwerkzeug-Set", es: "Juego de herramientas de jardín"),
        BigBuyArticle(
            "V0100108", 334504, .home, price: 540, grams: 520, stock: [2: 75],
            en: "Bamboo board", ro: "Tocător din bambus",
            de: "Schneidebrett aus Bambus", es: "Tabla de bambú"),
        BigBuyArticle(
            "V0100109", 334505, .leisure, price: 710, grams: 240, stock: [1: 50],
            en: "Travel pillow", ro: "Pernă de călătorie",
            de: "Reisekissen", es: "Almohada de viaje"),
        BigBuyArticle(
            "V0100110", 334506, .home, price: 390, grams: 350, stock: [1: 200],
            en: "Ceramic cup", ro: "Cană din ceramică",
            de: "Keramikbecher", es: "Taza de cerámica"),
        BigBuyArticle(
            "V0100111", 334507, .lighting, price: 980, grams: 120, stock: [2: 35],
            en: "Bicycle light", ro: "Far de bicicletă",
            de: "Fahrradlicht", es: "Luz de bicicleta"),
        BigBuyArticle(
            "V0100112", 334508, .home, price: 1600, grams: 800, stock: [1: 1],
            en: "Glass vase, last piece", ro: "Vază de sticlă, ultima bucată",
            de: "Glasvase, letztes Stück", es: "Jarrón de cristal, última pieza"),
        BigBuyArticle(
            "V0700822", 334509, .lighting, price: 912, grams: 730, stock: [1: 4],
            en: "Reading lamp", ro: "Lampă de citit",
            de: "Leselampe", es: "Lámpara de lectura"),
        BigBuyArticle(
            "S7106391", 334510, .home, price: 10920, grams: 1000, stock: [3: 2], condition: "REFURBISHED_B",
            en: "Robot vacuum, refurbished", ro: "Aspirator robot, recondiționat",
            de: "Saugroboter, generalüberholt", es: "Robot aspirador reacondicionado"),
        BigBuyArticle(
            "V0100115", 334511, .lighting, price: 460, grams: 90, stock: [1: 10, 3: 10],
            en: "Pocket torch", ro: "Lanternă de buzunar",
            de: "Taschenlampe", es: "Linterna de bolsillo"),
        BigBuyArticle(
            "V0100116", 334512, .leisure, price: 2210, grams: 1900, stock: [3: 9],
            en: "Camping stove", ro: "Aragaz de camping",
            de: "Campingkocher", es: "Hornillo de camping"),
        BigBuyArticle(
            "V0100117", 334513, .lighting, price: 310, grams: 60, stock: [1: 0],
            en: "Paper lantern", ro: "Lampion de hârtie",
            de: "Papierlaterne", es: "Farol de papel"),
        BigBuyArticle(
            "V0100118", 334514, .home, price: 1780, grams: 1200, stock: [1: 5], isActive: false,
            en: "Discontinued kettle", ro: "Ceainic scos din vânzare",
            de: "Auslaufmodell Wasserkocher", es: "Hervidor descatalogado"),
        BigBuyArticle(
            "V0100119", 334515, .leisure, price: 1990, grams: 1600, stock: [2: 14, 3: 6],
            en: "Picnic basket", ro: "Coș de picnic",
            de: "Picknickkorb", es: "Cesta de picnic"),
        BigBuyArticle(
            "V0100120", 334516, .lighting, price: 275, grams: 70, stock: [2: 300],
            en: "Night light", ro: "Lumină de veghe",
            de: "Nachtlicht", es: "Luz nocturna"),
        BigBuyArticle(
            "V0100121", 334517, .home, price: 850, grams: 160, stock: [:],
            variations: [
                BigBuyVariation("V0100121BS", 334497, price: 850, stock: [1: 9], options: [11, 21]),
                BigBuyVariation("V0100121BM", 334498, price: 850, stock: [1: 14], options: [22, 11]),
                BigBuyVariation("V0100121RS", 900_001, price: 850, stock: [1: 0], options: [12, 21]),
                BigBuyVariation("V0100121RM", 900_002, price: 925, stock: [2: 3], options: [12, 22]),
            ],
            en: "Cotton T-shirt", ro: "Tricou din bumbac",
            de: "Baumwoll-T-Shirt", es: "Camiseta de algodón"),
        BigBuyArticle(
            "V0100122", 334518, .home, price: 1150, grams: 380, stock: [:],
            variations: [
                BigBuyVariation("V0100122A", 900_003, price: 1150, stock: [1: 20], options: [31]),
                BigBuyVariation("V0100122B", 900_004, price: 1390, stock: [1: 6], options: [32]),
            ],
            en: "Thermos cup", ro: "Cană termos", de: "Thermobecher", es: "Taza térmica"),
    ]
}
