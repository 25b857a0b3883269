import HermesSupport
import Testing

@testable import HermesCore

/// The packets of a holder's socket.
@Suite struct HolderMessageTests {
    @Test(arguments: [HolderMessage.ready, .mount([0]), .mount(Array(repeating: 7, count: 5000)), .serving, .busy])
    func aMessageIsReadAsItWasWritten(message: HolderMessage) throws {
        #expect(try HolderMessage(decoding: message.encoded) == message)
    }

    /// No bytes, half a head, another version, unknown kinds, a mount without a record, words with something behind them.
    @Test(
        arguments: [
            [], [1], [0, 1], [2, 1], [1, 0], [1, 5], [1, 255], [1, 2], [1, 1, 0], [1, 3, 1], [1, 4, 9],
        ] as [[UInt8]])
    func anythingElseIsRefused(bytes: [UInt8]) {
        #expect(throws: HermesError.self) { try HolderMessage(decoding: bytes) }
    }

    @Test func aPacketIsBounded() throws {
        let record = Array(repeating: UInt8(1), count: HolderMessage.longest - 2)
        #expect(try HolderMessage(decoding: [1, 2] + record) == .mount(record))
        #expect(throws: HermesError.self) { try HolderMessage(decoding: [1, 2] + record + [1]) }
    }
}
