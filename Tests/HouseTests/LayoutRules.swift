import Foundation

/// What lies where.
enum LayoutRules {
    /// What people see at the top of the repository, and nothing else.
    static let topLevel: Set<String> = [
        "Package.swift", "Package.resolved", "README.md", "Sources", "Tests", "Workflows", "Migrations",
        "ops",
        ".ci", ".gitignore", ".swift-format",
    ]
    /// What building, running and editing leave there, which `.gitignore` keeps out of the repository.
    static let leftovers: Set<String> = [".git", ".swiftpm", ".cartflux", ".index-build", ".vscode", ".idea"]

    private static func isLeftover(_ name: String) -> Bool {
        leftovers.contains(name) || name.hasPrefix(".build")
    }

    static func topLevelIsTidy(_ names: [String]) -> [Finding] {
        names.sorted().filter { !topLevel.contains($0) && !isLeftover($0) }.map {
            Finding(
                path: $0, line: 1,
                message: "does not belong at the top level; its place is in one of the folders")
        }
    }

    /// Each folder of migrations counts 0001, 0002, ... without a gap or a twin, and each says why it exists.
    static func migrationsAreNumbered(_ files: [SourceFile]) -> [Finding] {
        let migrations = files.filter { $0.folders.first == "Migrations" && $0.name.hasSuffix(".sql") }
        return Dictionary(grouping: migrations) { $0.folders.joined(separator: "/") }
            .sorted { $0.key < $1.key }
            .flatMap { numbering(of: $0.value.sorted { $0.name < $1.name }) }
    }

    private static func numbering(of files: [SourceFile]) -> [Finding] {
        files.enumerated().flatMap { index, file -> [Finding] in
            var findings: [Finding] = []
            let parts = file.name.dropLast(".sql".count).split(separator: "_", maxSplits: 1)
            let expected = String(format: "%04d", index + 1)
            if parts.count != 2 || parts[0].count != 4 || Int(parts[0]) == nil {
                findings.append(file.finding(0, "a migration is named NNNN_subject.sql"))
            } else if parts[0] != expected {
                findings.append(file.finding(0, "is number \(parts[0]) where \(expected) is expected"))
            }
            if !(file.lines.first ?? "").hasPrefix("--") {
                findings.append(file.finding(0, "a migration begins with a comment that gives its reason"))
            }
            return findings
        }
    }
}
