// What a process is told by its environment. Reading names the variable that is missing or wrong, what was
// expected, and never its value, which may be a secret.

import Foundation
import Logging

struct SettingProblem: Error, CustomStringConvertible {
    let variable: Variable
    let reason: String
    var description: String { "\(variable.rawValue): \(reason) (it is \(variable.meaning))" }
}

struct Settings: Sendable {
    private let values: [String: String]

    init(_ values: [String: String] = ProcessInfo.processInfo.environment) { self.values = values }

    func optional(_ variable: Variable) -> String? {
        values[variable.rawValue].flatMap { $0.isEmpty ? nil : $0 }
    }

    func required(_ variable: Variable) throws(SettingProblem) -> String {
        guard let value = optional(variable) else {
            throw SettingProblem(variable: variable, reason: "is not set")
        }
        return value
    }

    func text(_ variable: Variable, default fallback: String) -> String { optional(variable) ?? fallback }

    func integer(_ variable: Variable, in range: ClosedRange<Int>, default fallback: Int)
        throws(SettingProblem) -> Int
    {
        guard let text = optional(variable) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw SettingProblem(
                variable: variable,
                reason: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ variable: Variable) throws(SettingProblem) -> Bool {
        switch optional(variable)?.lowercased() {
        case nil, "false", "0": return false
        case "true", "1": return true
        default: throw SettingProblem(variable: variable, reason: "must be true or false")
        }
    }

    /// Rereads a value through a type that can refuse it.
    func parsed<Value>(_ variable: Variable, _ parse: (String) throws -> Value) throws -> Value {
        let text = try required(variable)
        do {
            return try parse(text)
        } catch {
            throw SettingProblem(variable: variable, reason: "\(error)")
        }
    }

    func logger(_ label: String) throws(SettingProblem) -> Logger {
        let text = text(.logLevel, default: "info")
        guard let level = Logger.Level(rawValue: text) else {
            throw SettingProblem(variable: .logLevel, reason: "knows no level \(text)")
        }
        var logger = Logger(label: label) { JSONLogHandler(label: $0) }
        logger.logLevel = level
        return logger
    }
}
