// One of cron's five fields: lists, ranges, steps and names. What is wrong with it is said with the field's
// name, the text, and what to write instead.

/// How one field is read.
struct CronField {
    let name: String
    let range: ClosedRange<Int>
    var names: [String] = []
    /// The number of the first name.
    var firstName = 0

    static let minute = CronField(name: "minute", range: 0...59)
    static let hour = CronField(name: "hour", range: 0...23)
    static let dayOfMonth = CronField(name: "day-of-month", range: 1...31)
    static let month = CronField(
        name: "month", range: 1...12,
        names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        firstName: 1)
    /// Both 0 and 7 are Sunday.
    static let dayOfWeek = CronField(
        name: "day-of-week", range: 0...7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])

    /// Whether the field restricts nothing by itself, as cron sees it: it begins with a star.
    static func isStar(_ text: Substring) -> Bool { text.first == "*" || text == "?" }

    /// The numbers that a whole field stands for.
    func numbers(in text: Substring) throws(ScheduleError) -> Set<Int> {
        var numbers: Set<Int> = []
        for item in try items(of: text) { numbers.formUnion(try self.numbers(ofItem: item)) }
        return numbers
    }

    /// The parts between commas, none of them empty.
    func items(of text: Substring) throws(ScheduleError) -> [Substring] {
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        for item in items where item.isEmpty {
            throw problem(text, "has an empty part between commas; remove the comma or add a value")
        }
        return items
    }

    /// What one part stands for: `*`, `5`, `1-5`, `*/15`, `10-40/5` or `5/15`.
    func numbers(ofItem item: Substring) throws(ScheduleError) -> [Int] {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw problem(item, "has more than one step; write one, as in */15") }
        var span = try span(of: parts[0], in: item)
        guard parts.count == 2 else { return Array(span) }
        guard let step = Int(parts[1]), step > 0, step <= range.upperBound else {
            throw problem(item, "the step after / must be a number from 1 to \(range.upperBound)")
        }
        // A single start with a step runs to the end, as in 5/15.
        if span.count == 1, !parts[0].contains("-") { span = span.lowerBound...lastDistinct }
        return Array(stride(from: span.lowerBound, through: span.upperBound, by: step))
    }

    func number(_ text: Substring, in item: Substring) throws(ScheduleError) -> Int {
        if let place = names.firstIndex(of: text.uppercased()) { return place + firstName }
        guard let number = Int(text), text.allSatisfy(\.isNumber) else {
            throw problem(item, "is not understood; \(allowed)")
        }
        guard range.contains(number) else { throw problem(item, "is out of range; \(allowed)") }
        return number
    }

    func problem(_ text: Substring, _ mend: String) -> ScheduleError {
        .badField(name, text: String(text), mend: mend)
    }

    private func span(of text: Substring, in item: Substring) throws(ScheduleError) -> ClosedRange<Int> {
        if text == "*" || text == "?" { return range.lowerBound...lastDistinct }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw problem(item, "has more than one -; write a range as in 1-5") }
        let first = try number(ends[0], in: item)
        guard ends.count == 2 else { return first...first }
        let last = try number(ends[1], in: item)
        guard first <= last else {
            throw problem(item, "runs backwards; write two ranges, as in 22-23,0-5 for hours")
        }
        return first...last
    }

    /// The upper end without a second name for the first value: Sunday is 0 already.
    private var lastDistinct: Int { name == Self.dayOfWeek.name ? 6 : range.upperBound }

    private var allowed: String {
        let numbers = "write \(range.lowerBound) to \(range.upperBound)"
        return names.isEmpty ? numbers : "\(numbers) or \(names[0]) to \(names[names.count - 1])"
    }
}
