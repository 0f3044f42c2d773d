import Foundation

/// One thing that breaks a rule of the house, where an editor can jump to it.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A text file of the repository. `path` is relative to its root.
struct SourceFile: Sendable {
    let path: String
    let lines: [String]
    /// The lines without comments and without the contents of string literals, so that a word in a text is
    /// never mistaken for code. Equal to `lines` in a file that is not Swift.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        code = path.hasSuffix(".swift") ? Self.split(SwiftText.code(in: text)) : lines
    }

    var name: String { String(path.split(separator: "/").last ?? "") }
    var isSwift: Bool { name.hasSuffix(".swift") }
    var folders: [String] { path.split(separator: "/").dropLast().map(String.init) }

    func finding(_ index: Int, _ message: String) -> Finding {
        Finding(path: path, line: index + 1, message: message)
    }

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// All text files that people write here, read once.
struct SourceTree: Sendable {
    let root: URL
    let files: [SourceFile]

    static let shared = SourceTree(
        root: URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent())

    /// What the top level holds; everything written is below one of its folders.
    static let folders = ["Sources", "Tests", "Workflows", "Migrations", "ops", ".ci"]

    init(root: URL) {
        self.root = root
        files = (Self.folders.flatMap { Self.paths(under: $0, of: root) } + ["Package.swift"])
            .sorted()
            .compactMap { path in
                // A file that is no text (an image for a page) has no lines to check.
                guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else {
                    return nil
                }
                return SourceFile(path: path, text: text)
            }
    }

    var swift: [SourceFile] { files.filter(\.isSwift) }

    /// What is shipped. Tests may import what they like.
    var product: [SourceFile] {
        swift.filter { ["Sources", "Workflows", "Migrations"].contains($0.folders.first) }
    }

    private static func paths(under folder: String, of root: URL) -> [String] {
        let top = root.appending(path: folder)
        guard
            let walk = FileManager.default.enumerator(
                at: top, includingPropertiesForKeys: [.isRegularFileKey])
        else { return [] }
        var paths: [String] = []
        for case let file as URL in walk {
            // Build folders of packages inside Tests, and editors' droppings.
            if file.lastPathComponent.hasPrefix(".") || file.pathExtension == "xctest" {
                walk.skipDescendants()
                continue
            }
            let isFile = (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile ?? false
            if isFile {
                paths.append(
                    String(file.path.dropFirst(root.path.count + (root.path.hasSuffix("/") ? 0 : 1))))
            }
        }
        return paths
    }
}
