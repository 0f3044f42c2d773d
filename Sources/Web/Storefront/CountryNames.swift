// The countries we deliver to, as each language writes them. A table, because names must be there on every
// machine, whatever locale data is installed.

import Commerce
import WebSupport

enum CountryNames {
    static func name(_ country: CountryCode, in language: Language) -> String {
        guard let names = table[country.rawValue], let index = order.firstIndex(of: language) else {
            return country.rawValue
        }
        return PseudoLanguage.read(names[index])
    }

    private static let order: [Language] = [.english, .romanian, .german, .spanish]

    private static let table: [String: [String]] = [
        "AT": ["Austria", "Austria", "Österreich", "Austria"],
        "BE": ["Belgium", "Belgia", "Belgien", "Bélgica"],
        "BG": ["Bulgaria", "Bulgaria", "Bulgarien", "Bulgaria"],
        "CY": ["Cyprus", "Cipru", "Zypern", "Chipre"],
        "CZ": ["Czechia", "Cehia", "Tschechien", "Chequia"],
        "DE": ["Germany", "Germania", "Deutschland", "Alemania"],
        "DK": ["Denmark", "Danemarca", "Dänemark", "Dinamarca"],
        "EE": ["Estonia", "Estonia", "Estland", "Estonia"],
        "ES": ["Spain", "Spania", "Spanien", "España"],
        "FI": ["Finland", "Finlanda", "Finnland", "Finlandia"],
        "FR": ["France", "Franța", "Frankreich", "Francia"],
        "GR": ["Greece", "Grecia", "Griechenland", "Grecia"],
        "HR": ["Croatia", "Croația", "Kroatien", "Croacia"],
        "HU": ["Hungary", "Ungaria", "Ungarn", "Hungría"],
        "IE": ["Ireland", "Irlanda", "Irland", "Irlanda"],
        "IT": ["Italy", "Italia", "Italien", "Italia"],
        "LT": ["Lithuania", "Lituania", "Litauen", "Lituania"],
        "LU": ["Luxembourg", "Luxemburg", "Luxemburg", "Luxemburgo"],
        "LV": ["Latvia", "Letonia", "Lettland", "Letonia"],
        "MT": ["Malta", "Malta", "Malta", "Malta"],
        "NL": ["Netherlands", "Țările de Jos", "Niederlande", "Países Bajos"],
        "PL": ["Poland", "Polonia", "Polen", "Polonia"],
        "PT": ["Portugal", "Portugalia", "Portugal", "Portugal"],
        "RO": ["Romania", "România", "Rumänien", "Rumanía"],
        "SE": ["Sweden", "Suedia", "Schweden", "Suecia"],
        "SI": ["Slovenia", "Slovenia", "Slowenien", "Eslovenia"],
        "SK": ["Slovakia", "Slovacia", "Slowakei", "Eslovaquia"],
    ]
}
