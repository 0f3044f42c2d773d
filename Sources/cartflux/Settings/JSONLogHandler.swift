// One JSON object per line on standard error, so that an operator can search by run, step, tenant, attempt,
// workflow and trace: a line that is written in the course of a run has them as fields of their own, whoever
// writes it.

import Fleet
import Foundation
import Logging

struct JSONLogHandler: LogHandler {
    private let label: String
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider? = RunLogging.metadataProvider
    var logLevel: Logger.Level = .info

    init(label: String) { self.label = label }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = Self.fields(
            around: metadataProvider?.get() ?? [:], of: metadata, own: event.metadata ?? [:])
        fields["time"] = Date().formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true))
        fields["level"] = event.level.rawValue
        fields["logger"] = label
        fields["message"] = "\(event.message)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings always encode; a log line must not bring the process down in any case.
        guard var line = try? encoder.encode(fields) else { return }
        line.append(UInt8(ascii: "\n"))
        FileHandle.standardError.write(line)
    }

    /// What is said of one line outweighs what is said of all lines around it.
    static func fields(
        around scope: Logger.Metadata, of logger: Logger.Metadata, own: Logger.Metadata
    ) -> [String: String] {
        scope.merging(logger) { $1 }.merging(own) { $1 }.mapValues { "\($0)" }
    }
}
