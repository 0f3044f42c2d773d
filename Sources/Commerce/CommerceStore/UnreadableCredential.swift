package import Commerce

/// Something sealed that cannot be opened. It says whose it is and what helps: an operator who reads only
/// that "a credential" is unreadable has to look through every store.
package struct UnreadableCredential: Sendable, Equatable {
    package let name: Name
    package let cause: Cause

    /// What was to be opened.
    package struct Name: Sendable, Equatable {
        /// The vendor, or what the sealed text is bound to.
        package let kind: String
        /// Nil for what belongs to no store, or where `kind` names it already.
        package let store: TenantID?

        package init(_ kind: String, of store: TenantID? = nil) {
            self.kind = kind
            self.store = store
        }
    }

    package enum Cause: Sendable, Equatable {
        /// This process has no key of that name.
        case keyUnknown(String)
        case doesNotOpen(String)
    }

    package init(_ name: Name, _ cause: Cause) {
        self.name = name
        self.cause = cause
    }
}

extension UnreadableCredential: CustomStringConvertible {
    package var description: String {
        let subject = name.store.map { "\(name.kind) of store \($0)" } ?? name.kind
        return switch cause {
        case .keyUnknown(let key):
            "\(subject) is sealed under key \(key), which CREDENTIALS_KEY does not have; put that key back, "
                + "behind the newest one"
        case .doesNotOpen(let key):
            "\(subject) does not open with key \(key): the key has another value than before, or the row was "
                + "changed; put the right key back, or have it entered again"
        }
    }
}
