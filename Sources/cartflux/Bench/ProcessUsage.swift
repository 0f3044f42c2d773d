import Foundation

/// What a process has used so far, as Linux counts it.
struct ProcessUsage {
    let peakMemoryBytes: Int
    let processorSeconds: Double

    init(of process: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let words = peak?.split(whereSeparator: \.isWhitespace) ?? []
        peakMemoryBytes = 1_024 * (words.compactMap { Int($0) }.first ?? 0)

        // The name, in parentheses, may hold anything; user and system time are the 12th and 13th field
        // behind it.
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let ticks = fields.dropFirst(12).prefix(2).compactMap { Int($0) }.reduce(0, +)
        processorSeconds = Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
    /// How many processes wanted to run, on average over the last minute.
    static func machineLoad() throws -> Double {
        let text = try String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}
