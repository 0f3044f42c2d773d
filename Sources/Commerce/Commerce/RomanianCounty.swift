/// The counties of Romania, as the tax authority's invoices want them: a real name, without marks.
package enum RomanianCounty {
    package static let bucharest = "Bucuresti"

    package static let names: [String] = [
        "Alba", "Arad", "Arges", "Bacau", "Bihor", "Bistrita-Nasaud", "Botosani", "Braila", "Brasov",
        "Bucuresti",
        "Buzau", "Calarasi", "Caras-Severin", "Cluj", "Constanta", "Covasna", "Dambovita", "Dolj", "Galati",
        "Giurgiu",
        "Gorj", "Harghita", "Hunedoara", "Ialomita", "Iasi", "Ilfov", "Maramures", "Mehedinti", "Mures",
        "Neamt", "Olt",
        "Prahova", "Salaj", "Satu Mare", "Sibiu", "Suceava", "Teleorman", "Timis", "Tulcea", "Valcea",
        "Vaslui",
        "Vrancea",
    ]

    /// The official name for what someone wrote, with or without marks, or nil.
    package static func official(_ written: String) -> String? {
        byKey[key(written)]
    }

    private static let byKey: [String: String] = {
        var table = Dictionary(uniqueKeysWithValues: names.map { (key($0), $0) })
        table["bucharest"] = bucharest
        for sector in 1...6 { table["sector\(sector)"] = bucharest }
        return table
    }()

    /// Letters and digits alone, in small letters, without marks.
    private static func key(_ text: String) -> String {
        String(
            text.lowercased().compactMap { letter -> Character? in
                switch letter {
                case "ă", "â": "a"
                case "î": "i"
                case "ș", "ş": "s"
                case "ț", "ţ": "t"
                default: letter.isLowercaseLetterOrDigit ? letter : nil
                }
            })
    }
}
