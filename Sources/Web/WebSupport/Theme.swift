// The looks that a store can choose from. A theme is nothing but tokens: the one stylesheet asks for colours
// by their role, so no theme can break a page's layout, and whether its letters can be read is arithmetic
// that a test does for every pair of colours that meet on a page, in both schemes.

import Commerce

package enum Theme: String, CaseIterable, Sendable {
    case garden, harbour, plain

    /// What a store looks like that has chosen nothing, or something that is gone.
    package init(preset: String?) {
        self = preset.flatMap(Theme.init(rawValue:)) ?? .garden
    }

    /// The tokens alone, for `<link>` after the shared stylesheet.
    package var asset: Asset {
        switch self {
        case .garden: Self.gardenAsset
        case .harbour: Self.harbourAsset
        case .plain: Self.plainAsset
        }
    }

    private static let gardenAsset = Asset.stylesheet("theme-garden", gardenTokens.css)
    private static let harbourAsset = Asset.stylesheet("theme-harbour", harbourTokens.css)
    private static let plainAsset = Asset.stylesheet("theme-plain", plainTokens.css)

    package static var assets: [Asset] { allCases.map(\.asset) }

    package var tokens: Tokens {
        switch self {
        case .garden: Self.gardenTokens
        case .harbour: Self.harbourTokens
        case .plain: Self.plainTokens
        }
    }

    /// Every colour by its role, in both schemes, as `#rrggbb`.
    package struct Tokens: Sendable {
        package let light: Palette
        package let dark: Palette

        var css: String {
            """
            :root{\(light.css)}
            @media (prefers-color-scheme:dark){:root:not([data-scheme=light]){\(dark.css)}}
            :root[data-scheme=dark]{color-scheme:dark;\(dark.css)}
            :root[data-scheme=light]{color-scheme:light}

            """
        }
    }

    package struct Palette: Sendable {
        package let paper: String
        package let card: String
        package let sunk: String
        package let ink: String
        package let soft: String
        package let line: String
        package let edge: String
        package let brand: String
        package let brandInk: String
        package let brandWash: String
        package let warn: String
        package let warnWash: String
        package let bad: String
        package let badWash: String

        var css: String {
            "--paper:\(paper);--card:\(card);--sunk:\(sunk);--ink:\(ink);--soft:\(soft);--line:\(line);"
                + "--edge:\(edge);--brand:\(brand);--brand-ink:\(brandInk);--brand-wash:\(brandWash);"
                + "--warn:\(warn);--warn-wash:\(warnWash);--bad:\(bad);--bad-wash:\(badWash);--good:\(brand)"
        }
    }
}

extension Theme {
    private static let gardenTokens = Tokens(
        light: Palette(
            paper: "#fbfaf7", card: "#ffffff", sunk: "#f1efe9", ink: "#1d1f1c", soft: "#595d56",
            line: "#dcd9d0", edge: "#84887f", brand: "#1f5c4a", brandInk: "#ffffff", brandWash: "#e4efe9",
            warn: "#8a4b08", warnWash: "#fbf0dd", bad: "#a32a1e", badWash: "#fbe9e6"),
        dark: Palette(
            paper: "#141613", card: "#1c1f1b", sunk: "#232722", ink: "#ecede8", soft: "#aeb3aa",
            line: "#343933", edge: "#7d8479", brand: "#86cfb4", brandInk: "#0e1a15", brandWash: "#1d3129",
            warn: "#f0bd75", warnWash: "#33270f", bad: "#f5a196", badWash: "#3a1c18"))

    private static let harbourTokens = Tokens(
        light: Palette(
            paper: "#faf8f4", card: "#ffffff", sunk: "#f2ede3", ink: "#18202a", soft: "#52606d",
            line: "#ddd6c8", edge: "#7d8791", brand: "#1b4f8a", brandInk: "#ffffff", brandWash: "#e3ecf6",
            warn: "#8a4b08", warnWash: "#fbf0dd", bad: "#a32a1e", badWash: "#fbe9e6"),
        dark: Palette(
            paper: "#10161d", card: "#17202a", sunk: "#1e2934", ink: "#e8edf2", soft: "#a9b4bf",
            line: "#2d3945", edge: "#74818d", brand: "#8cbcf0", brandInk: "#0b1826", brandWash: "#19304a",
            warn: "#f0bd75", warnWash: "#33270f", bad: "#f5a196", badWash: "#3a1c18"))

    private static let plainTokens = Tokens(
        light: Palette(
            paper: "#ffffff", card: "#ffffff", sunk: "#f2f2f2", ink: "#111111", soft: "#565656",
            line: "#dadada", edge: "#808080", brand: "#111111", brandInk: "#ffffff", brandWash: "#ececec",
            warn: "#7d4407", warnWash: "#faefdd", bad: "#a32a1e", badWash: "#fbe9e6"),
        dark: Palette(
            paper: "#0e0e0e", card: "#181818", sunk: "#222222", ink: "#f2f2f2", soft: "#b4b4b4",
            line: "#363636", edge: "#828282", brand: "#f2f2f2", brandInk: "#111111", brandWash: "#2b2b2b",
            warn: "#f0bd75", warnWash: "#33270f", bad: "#f5a196", badWash: "#3a1c18"))
}

/// What a visitor asked for; without a choice the page follows the system.
package enum ColourScheme: String, CaseIterable, Sendable {
    case system, light, dark

    package static let cookie = "cartflux-scheme"
    private static let lifetimeSeconds = 365 * 24 * 3600

    package init(of request: WebRequest) {
        self = request.cookie(Self.cookie).flatMap(ColourScheme.init(rawValue:)) ?? .system
    }

    /// The `Set-Cookie` header that keeps the choice; following the system needs none.
    package func line(on request: WebRequest) -> String {
        let age = self == .system ? 0 : Self.lifetimeSeconds
        return "\(Self.cookie)=\(rawValue); Path=/; Max-Age=\(age); HttpOnly; SameSite=Lax"
            + (request.isSecure ? "; Secure" : "")
    }
}
