import Foundation
import Testing

@testable import WebSupport

/// Whether the letters of every theme can be read, by the arithmetic of WCAG 2.
@Suite("The themes") struct ThemeTests {
    private static func channel(_ value: Int) -> Double {
        let part = Double(value) / 255
        return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }

    private static func luminance(_ colour: String) throws -> Double {
        let value = try #require(colour.count == 7 ? Int(colour.dropFirst(), radix: 16) : nil, "\(colour)")
        return 0.2126 * channel(value >> 16) + 0.7152 * channel(value >> 8 & 0xFF)
            + 0.0722 * channel(value & 0xFF)
    }

    private static func contrast(_ one: String, _ other: String) throws -> Double {
        let (a, b) = (try luminance(one), try luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    @Test("the arithmetic gives the figures that the standard names")
    func arithmetic() throws {
        #expect(try abs(Self.contrast("#ffffff", "#000000") - 21) < 0.001)
        #expect(try abs(Self.contrast("#777777", "#ffffff") - 4.48) < 0.01)
    }

    @Test("every text can be read on everything it stands on, in both schemes", arguments: Theme.allCases)
    func texts(theme: Theme) throws {
        for palette in [theme.tokens.light, theme.tokens.dark] {
            let grounds = [palette.paper, palette.card, palette.sunk]
            var pairs = [palette.ink, palette.soft].flatMap { text in grounds.map { (text, $0) } }
            pairs += [palette.brand, palette.bad, palette.warn].flatMap { text in
                [palette.paper, palette.card].map { (text, $0) }
            }
            pairs += [
                (palette.brandInk, palette.brand), (palette.paper, palette.bad),
                (palette.ink, palette.brandWash), (palette.brand, palette.brandWash),
                (palette.ink, palette.warnWash), (palette.warn, palette.warnWash),
                (palette.ink, palette.badWash), (palette.bad, palette.badWash),
            ]
            for (text, ground) in pairs {
                let found = try Self.contrast(text, ground)
                #expect(found >= 4.5, "\(theme): \(text) on \(ground) is \(found)")
            }
        }
    }

    @Test("the edges of fields and what has the focus can be seen", arguments: Theme.allCases)
    func edges(theme: Theme) throws {
        for palette in [theme.tokens.light, theme.tokens.dark] {
            for colour in [palette.edge, palette.brand] {
                for ground in [palette.paper, palette.card] {
                    let found = try Self.contrast(colour, ground)
                    #expect(found >= 3, "\(theme): \(colour) on \(ground) is \(found)")
                }
            }
        }
    }

    @Test("each theme is a stylesheet of its own, and an unknown preset is the first one")
    func assets() {
        #expect(Set(Theme.assets.map(\.path)).count == Theme.allCases.count)
        #expect(Theme(preset: nil) == .garden && Theme(preset: "neon") == .garden)
        #expect(Theme(preset: "harbour") == .harbour)
        for asset in Theme.assets {
            let text = String(decoding: asset.bytes, as: UTF8.self)
            #expect(text.count { $0 == "{" } == text.count { $0 == "}" })
            #expect(text.contains(":root:not([data-scheme=light])"))
        }
    }

    @Test("more contrast counts over every theme, whose own rules come later")
    func moreContrast() throws {
        let shared = String(decoding: Stylesheet.asset.bytes, as: UTF8.self)
        let start = try #require(shared.firstRange(of: "@media (prefers-contrast:more){"))
        let selector = shared[start.upperBound...].prefix { $0 != "{" }

        for theme in Theme.allCases {
            for rule in String(decoding: theme.asset.bytes, as: UTF8.self).split(separator: "{").dropLast() {
                let last = rule.split(separator: "}").last ?? ""
                let own = last.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(Self.weight(own) < Self.weight(String(selector)), "\(theme): \(own)")
            }
        }
    }

    /// How many classes, attributes and the like a selector of one element has.
    private static func weight(_ selector: String) -> Int {
        guard !selector.hasPrefix("@") else { return 0 }
        return selector.replacing(":not", with: "").count { $0 == ":" || $0 == "[" }
    }
}
