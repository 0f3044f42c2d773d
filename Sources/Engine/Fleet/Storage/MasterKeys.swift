// The keys that seal the keys of people. They come from the environment and are never stored: a copy of the
// database alone opens nothing. Several are known at once so that they can be changed without a stop: the
// first seals, all of them open, and `storage rotate` seals again what an older one holds.

import Crypto
import Foundation

/// The master keys that a process knows, newest first.
public struct MasterKeys: Sendable {
    /// The name of the key that seals.
    public let current: String
    /// The names of all keys, newest first.
    public let names: [String]
    private let keys: [String: SymmetricKey]

    private static let keyBytes = 32

    /// Reads `name:base64` pairs with commas between them, the newest first: `2026:q83v...,2025:7xWx...`.
    /// Each key is 32 bytes. Throws `MasterKeyProblem`, which never shows a key.
    public init(_ text: String) throws(MasterKeyProblem) {
        var names: [String] = []
        var keys: [String: SymmetricKey] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: ":", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard pair.count == 2, let name = pair.first, Self.isName(name) else { throw .form }
            guard let bytes = Data(base64Encoded: pair[1]), bytes.count == Self.keyBytes else {
                throw .length(name)
            }
            guard keys.updateValue(SymmetricKey(data: bytes), forKey: name) == nil else { throw .twice(name) }
            names.append(name)
        }
        guard let current = names.first else { throw .form }
        self.current = current
        self.names = names
        self.keys = keys
    }

    /// Seals a person's key. What is sealed opens under the same id and tenant alone.
    func seal(_ key: SymmetricKey, id: UUID, tenant: String) -> String {
        guard let master = keys[current] else { preconditionFailure("the current master key is known") }
        let bytes = key.withUnsafeBytes { Data($0) }
        return current + ":" + SealedBytes.seal(bytes, under: master, bound: Self.binding(id, tenant))
    }

    func open(_ sealed: String, id: UUID, tenant: String) throws(SubjectProblem) -> SymmetricKey {
        guard let colon = sealed.firstIndex(of: ":") else { throw .unreadable("a subject's key") }
        let name = String(sealed[..<colon])
        guard let master = keys[name] else { throw .unknownMaster(name) }
        let text = String(sealed[sealed.index(after: colon)...])
        guard let bytes = SealedBytes.open(text, under: master, bound: Self.binding(id, tenant)) else {
            throw .unreadable("a subject's key")
        }
        return SymmetricKey(data: bytes)
    }

    private static func binding(_ id: UUID, _ tenant: String) -> Data {
        SealedBytes.binding(["subject key", id.uuidString, tenant])
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.count <= 40
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }
}

/// Why master keys could not be read. Never holds a key.
public enum MasterKeyProblem: Error, Sendable, Equatable, CustomStringConvertible {
    case form
    case length(String)
    case twice(String)

    public var description: String {
        switch self {
        case .form: "must read name:base64 with commas between keys, the newest first"
        case .length(let name):
            "key \(name) is not 32 bytes in base64; make one with `openssl rand -base64 32`"
        case .twice(let name): "names key \(name) twice"
        }
    }
}

/// AES-GCM as text, bound to what the text is about.
enum SealedBytes {
    static func seal(_ bytes: some DataProtocol, under key: SymmetricKey, bound binding: Data) -> String {
        do {
            let box = try AES.GCM.seal(bytes, using: key, authenticating: binding)
            // Only a nonce of another size has no combined form; the library draws one of the usual size.
            guard let combined = box.combined else { preconditionFailure("a fresh box has a combined form") }
            return combined.base64EncodedString()
        } catch {
            preconditionFailure("sealing fails only for keys of a wrong size: \(error)")
        }
    }

    /// Nil where the text was changed, moved, or sealed under another key.
    static func open(_ text: String, under key: SymmetricKey, bound binding: Data) -> Data? {
        guard let combined = Data(base64Encoded: text) else { return nil }
        do {
            return try AES.GCM.open(
                AES.GCM.SealedBox(combined: combined), using: key, authenticating: binding)
        } catch {
            // Which check failed is nobody's business: the answer is the same.
            return nil
        }
    }

    /// Each part with its length in front, so that no two lists of parts read the same.
    static func binding(_ parts: [String]) -> Data {
        Data((["cartflux 1"] + parts).map { "\($0.utf8.count):\($0)" }.joined().utf8)
    }
}
