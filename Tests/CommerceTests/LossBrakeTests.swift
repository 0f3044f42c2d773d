import Testing

@testable import Commerce

@Suite struct LossBrakeTests {
    private static let brake = LossBrake(losable: 10, share: 5)

    @Test(
        "a few may be lost whatever their share, many only where they are few among many",
        arguments: [
            (0, 0, false), (10, 0, false), (11, 0, true), (11, 44, false), (11, 43, true), (100, 400, false),
            (100, 399, true),
        ])
    func judgement(_ lost: Int, _ whole: Int, _ isOn: Bool) {
        #expect(Self.brake.isOn(lost: lost, whole: whole) == isOn)
        // Whoever counts only the losses first must not let one pass.
        #expect(Self.brake.isConceivable(lost: lost) || !isOn)
    }
}
