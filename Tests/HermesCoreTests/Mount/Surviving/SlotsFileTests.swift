import HermesSupport
import Testing

@testable import HermesCore

/// The file that says what the slots of a mount show.
@Suite struct SlotsFileTests {
    static func slot(_ number: Int, _ name: String, layers: Int = 2, isRemoved: Bool = false) -> HeldSlot {
        HeldSlot(
            slot: number, name: name, reference: "registry.example/app@sha256:1", manifest: .of([1]), index: .of([2]),
            tree: .max, layers: layers, isRemoved: isRemoved)
    }

    private static func file(_ slots: [HeldSlot]) throws -> SlotsFile {
        SlotsFile(
            mount: MountID(number: .max, device: 42), boot: try #require(BootID("0123456789abcdef0123456789abcdef")),
            slots: slots)
    }

    private static func isRefused(_ slots: [HeldSlot]) throws -> Bool {
        let bytes = try file(slots).encoded()
        return (try? SlotsFile(decoding: bytes, name: "slots")) == nil
    }

    @Test func theNextProcessReadsWhatTheFirstWrote() throws {
        for slots in [[], [Self.slot(1, "a"), Self.slot(2, "a", isRemoved: true), Self.slot(4095, "b", layers: 127)]] {
            let file = try Self.file(slots)
            #expect(try SlotsFile(decoding: try file.encoded(), name: "slots") == file)
        }
    }

    /// As many slots as there are, with the longest names.
    @Test func aFullMountFits() throws {
        let slots = (1..<ImageSlots.capacity).map { number in
            let name = "\(number)"
            return Self.slot(number, String(repeating: "n", count: 255 - name.utf8.count) + name)
        }
        let bytes = try Self.file(slots).encoded()
        #expect(bytes.count < SlotsFile.longest)
        #expect(try SlotsFile(decoding: bytes, name: "slots").slots == slots)
    }

    @Test func slotsThatCannotBeAreRefused() throws {
        for number in [0, -1, ImageSlots.capacity, Int.max, Int.min] {
            #expect(try Self.isRefused([Self.slot(number, "a")]))
        }
        for name in ["", ".", "..", "a/b", "a\0", String(repeating: "n", count: 256)] {
            #expect(try Self.isRefused([Self.slot(1, name)]))
        }
        for layers in [0, -1] { #expect(try Self.isRefused([Self.slot(1, "a", layers: layers)])) }
        #expect(try Self.isRefused([Self.slot(1, "a"), Self.slot(1, "b")]))
        #expect(try Self.isRefused([Self.slot(1, "a"), Self.slot(2, "a")]))
    }

    @Test func aPartOfAFileIsRefused() throws {
        let bytes = try Self.file([Self.slot(1, "a")]).encoded()
        for count in 0..<bytes.count {
            #expect(throws: HermesError.self) { try SlotsFile(decoding: Array(bytes.prefix(count)), name: "slots") }
        }
    }

    @Test func anotherFormatIsNamedAsSuch() {
        let error = #expect(throws: HermesError.self) {
            try SlotsFile(decoding: Array("{\"format\":2}".utf8), name: "slots")
        }
        #expect(error?.code == .unsupported)
    }
}
