// A language that nobody speaks, for finding what no translator has seen. The sentences that the storefront's
// pages and the pages of errors take from a catalogue are read through here; a test reads them with accents,
// with brackets around and longer than they are, and shows itself the real pages: what stands there without
// brackets was written into a page instead of a catalogue, and what has lost its end was cut off. Not read
// through here are the law's titles and texts, which belong to the store that keeps them, the letters, and
// the pages of merchants and operators, which are in English alone. Nobody else sets it, so that for
// everybody else a sentence is what its catalogue says. A fifth table was rejected: pages choose their table
// by the visitor's language, and visitors would find it.

package enum PseudoLanguage {
    /// How sentences are read while a test looks at pages. Names in braces must stay as they are.
    @TaskLocal package static var reading: (@Sendable (String) -> String)?

    /// A sentence of a catalogue as the page shows it.
    package static func read(_ sentence: String) -> String {
        reading?(sentence) ?? sentence
    }
}
