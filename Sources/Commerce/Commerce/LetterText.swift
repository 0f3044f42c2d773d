// Letters are written where nothing is known of the web's own pages, so what people have typed is made safe
// for HTML here.

package enum LetterText {
    /// The text as HTML shows it, between tags and inside quotes alike.
    package static func escaped(_ text: String) -> String {
        text.reduce(into: "") { safe, character in
            switch character {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            case "'": safe += "&#39;"
            default: safe.append(character)
            }
        }
    }
}
