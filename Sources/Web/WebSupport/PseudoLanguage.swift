// A language that nobody speaks, for finding what no translator has seen. Every sentence that a page takes
// from a catalogue is read through here; a test reads them with accents, with brackets around and longer than
// they are, and shows itself the real pages: what stands there without brackets was written into a page
// instead of a catalogue, and what has lost its end was cut off. Nobody else sets it, so that for everybody
// else a sentence is what its catalogue says. A fifth table was rejected: pages choose their table by the
// visitor's language, and visitors would find it.

package enum PseudoLanguage {
    /// How sentences are read while a test looks at pages. Names in braces must stay as they are.
    @TaskLocal package static var reading: (@Sendable (String) -> String)?

    /// A sentence of a catalogue as the page shows it.
    package static func read(_ sentence: String) -> String {
        reading?(sentence) ?? sentence
    }
}
