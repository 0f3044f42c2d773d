import Testing

@testable import cartflux

@Suite("When live streams were told")
struct StreamArrivalsTests {
    private func arrivals(_ all: [(stream: Int, at: Double)]) -> StreamArrivals {
        StreamArrivals(
            tenants: ["a", "a", "b"], arrivals: all.map { StreamArrival(stream: $0.stream, at: $0.at) })
    }

    @Test("each stream of a store is told of each end there, by the first thing that arrives after it")
    func told() {
        let all = arrivals([(1, 10.75), (0, 10.5), (0, 11.5), (2, 10.25), (0, 13.25), (1, 13.5)])

        let (told, missed) = all.delays(after: [("a", 10), ("a", 13)])

        #expect(told.sorted() == [0.25, 0.5, 0.5, 0.75])
        #expect(missed == 0)
    }

    @Test("what arrives too late or not at all was missed, and what came before an end is not about it")
    func missed() {
        let all = arrivals([(0, 9.5), (0, 12.5), (1, 10.5)])

        let (told, missed) = all.delays(after: [("a", 10), ("b", 10)])

        #expect(told == [0.5])
        #expect(missed == 2)
    }

    @Test("changes are counted however the bytes are cut")
    func cut() {
        let text = "10\r\nevent: changed\nid: 7\ndata: store:a 7\n\n\r\n: alive\n\nevent: end\ndata: \n\n"
        let bytes = Array((text + text).utf8)

        for length in 1...bytes.count {
            var counter = ChangeCounter()
            var count = 0
            for start in stride(from: 0, to: bytes.count, by: length) {
                count += counter.changes(in: bytes[start..<min(start + length, bytes.count)])
            }
            #expect(count == 2, "in pieces of \(length)")
        }
    }
}
