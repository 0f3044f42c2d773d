import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("The figures of the last day")
struct SamplesTests {
    private static let figure = SampleName(rawValue: "figure")
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test("a quarter hour keeps the highest of each figure, and a day has ninety-six of them")
    func highest() async throws {
        let samples = Samples(try await FleetUnderTest.shared().pool)
        for (value, seconds) in [(3.0, 0.0), (7, 60), (5, 120), (2, 900)] {
            try await samples.note([Self.figure: value], at: now.addingTimeInterval(seconds))
        }

        let day = try await samples.lastDay(at: now.addingTimeInterval(1_000))

        let quarters = try #require(day[Self.figure])
        #expect(quarters.count == Samples.day)
        #expect(quarters.suffix(2).map(\.value) == [7, 2])
        #expect(quarters.dropLast(2).allSatisfy { $0.value == nil })
        #expect(quarters.last?.began == now.addingTimeInterval(900))
        #expect(Samples.unknownDay(at: now).count == Samples.day)
    }

    @Test("what is older than two days is gone, so that the table never grows")
    func bounded() async throws {
        let fleet = try await FleetUnderTest.shared()
        let samples = Samples(fleet.pool)
        try await samples.note([Self.figure: 1], at: now)

        try await samples.note([Self.figure: 2], at: now.addingTimeInterval(2 * 86_400 + 900))

        let rows = try await fleet.pool.execute("select count(*) from engine.sample where name = 'figure'")
        #expect(try rows.first?.decode(0, as: Int64.self) == 1)
    }

    @Test("what the census finds is kept under a name each, nothing ready as zero, no steps as unknown")
    func census() async throws {
        let bench = try await OperationBench()
        _ = try await bench.place(.pending)
        let samples = try await bench.fleet.runs.census().samples

        #expect(samples[.accepted] == 1 && samples[.live(.pending)] == 1)
        #expect(samples[.live(.waiting, .retry)] == 0 && samples[.ended(.failed)] == 0)
        #expect(try #require(samples[.oldestReady]) >= 0)
        #expect(samples[.oldestStep] == 0)
    }
}
