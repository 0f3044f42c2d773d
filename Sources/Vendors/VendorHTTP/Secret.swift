// Keys, tokens and signing secrets. A separate type, so that printing a client, a request or a
// configuration by accident prints no secret; whoever needs the characters has to say so.

/// Text that never appears in a description, a dump or a log.
package struct Secret: Sendable, Hashable, ExpressibleByStringLiteral {
    private let characters: String

    package init(_ characters: String) {
        self.characters = characters
    }

    package init(stringLiteral value: String) {
        self.init(value)
    }

    /// The characters themselves, for the one line that sends or compares them.
    package func reveal() -> String { characters }

    package var isEmpty: Bool { characters.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "[secret]" }
    package var debugDescription: String { "[secret]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
