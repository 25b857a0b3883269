import HermesSupport
import Testing

@testable import HermesCore

/// When a holder hands over and when it lets go.
@Suite struct HolderMachineTests {
    private let start = Monotonic.now()
    private func later(_ seconds: Int) -> Monotonic { start.adding(milliseconds: seconds * 1000) }
    private func isOver(_ machine: HolderMachine, _ seconds: Int, isConnected: Bool = true) -> Bool {
        machine.isOver(at: later(seconds), isConnected: isConnected)
    }

    private func meet(_ machine: inout HolderMachine, gets isGiven: Bool, _ place: SourceLocation = #_sourceLocation) {
        let given = machine.meets()
        #expect(given == isGiven, sourceLocation: place)
    }

    /// A machine whose mount was served and whose process was lost at the start.
    private func lost() -> HolderMachine {
        var machine = HolderMachine(patience: 60)
        machine.given()
        machine.served()
        machine.lost(at: start)
        return machine
    }

    @Test func withoutAMountItEndsWithItsProcess() {
        var machine = HolderMachine(patience: 60)
        #expect(!isOver(machine, 1_000_000, isConnected: false))
        #expect(machine.pause(at: start) == -1)
        machine.lost(at: start)
        #expect(isOver(machine, 0))
    }

    @Test func aMountIsHeldForAMinute() {
        let machine = lost()
        #expect(!isOver(machine, 0))
        #expect(machine.pause(at: start) == 60_000)
        #expect(machine.pause(at: later(59)) == 1000)
        #expect(!isOver(machine, 59))
        #expect(isOver(machine, 60))
        #expect(machine.pause(at: later(61)) == 0)
    }

    @Test func aNodesMountIsHeldForThreeMinutes() {
        var machine = HolderMachine(patience: HeldMount.nodePatience)
        machine.given()
        machine.lost(at: start)
        #expect(!isOver(machine, 179))
        #expect(isOver(machine, 180))
    }

    @Test func itIsNotHeldWhenItsConnectionHasEnded() { #expect(isOver(lost(), 0, isConnected: false)) }

    @Test func oneProcessAtATimeHasIt() {
        var machine = HolderMachine(patience: 60)
        meet(&machine, gets: false)
        machine.given()
        meet(&machine, gets: false)
        machine.lost(at: start)
        meet(&machine, gets: true)
        meet(&machine, gets: false)
        #expect(!isOver(machine, 1_000_000))
        #expect(machine.pause(at: start) == -1)
    }

    @Test func onlyServingBeginsTheTimeAnew() {
        var machine = lost()
        meet(&machine, gets: true)
        machine.lost(at: later(50))
        #expect(!isOver(machine, 59))
        #expect(isOver(machine, 60))
        meet(&machine, gets: true)
        machine.served()
        machine.lost(at: later(70))
        #expect(!isOver(machine, 129))
        #expect(isOver(machine, 130))
    }

    /// A start that takes longer than the time is not cut short; but when it fails, the time is over.
    @Test func aSlowStartIsWaitedFor() {
        var machine = lost()
        meet(&machine, gets: true)
        #expect(!isOver(machine, 300))
        machine.lost(at: later(300))
        #expect(isOver(machine, 300))
    }
}
