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

    /// Memory that is held now, in bytes.
    static func memoryBytes(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return 1_024 * ((line?.split(whereSeparator: \.isWhitespace) ?? []).compactMap { Int($0) }.first ?? 0)
    }

    static func parent(of process: Int32) throws -> Int32 {
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return fields.count > 2 ? Int32(fields[2]) ?? 0 : 0
    }

    /// A process and its children.
    static func family(of process: Int32) throws -> [Int32] {
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        // One that has ended since the listing has no parent any more.
        return [process] + all.filter { (try? parent(of: $0)) == process }
    }

    /// Processor time of processes that may come and go, in seconds.
    static func processorSeconds(of processes: [Int32]) -> Double {
        // One that has ended takes its time with it; the long-lived ones carry the load.
        processes.compactMap { try? ProcessUsage(of: $0).processorSeconds }.reduce(0, +)
    }

    /// How many processes wanted to run, on average over the last minute.
    static func machineLoad() throws -> Double {
        let text = try String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}
