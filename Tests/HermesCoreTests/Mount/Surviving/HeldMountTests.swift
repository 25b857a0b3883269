import HermesSupport
import Testing

@testable import HermesCore

/// The record of a mount that goes from one process to the next.
@Suite struct HeldMountTests {
    static func mount(platform: String? = nil) throws -> HeldMount {
        HeldMount(
            content: .image(
                HeldImage(
                    reference: "registry.example/team/app:1", platform: platform, manifest: Digest.of([1]),
                    index: Digest.of([2]), tree: .max)),
            mount: MountID(number: .max, device: 0x2a), initialization: try FuseInit(FuseInitTests.message()))
    }

    @Test(arguments: [nil, "linux/arm64"]) func theNextProcessReadsWhatTheFirstWrote(platform: String?) throws {
        let mount = try Self.mount(platform: platform)
        #expect(try HeldMount(decoding: try mount.encoded()) == mount)
    }

    @Test func aNodesMountIsNoImages() throws {
        let image = try Self.mount()
        let node = HeldMount(content: .node, mount: image.mount, initialization: image.initialization)
        #expect(try HeldMount(decoding: try node.encoded()) == node)
        #expect(node != image)
    }

    @Test func aPartOfARecordIsRefused() throws {
        let bytes = try Self.mount().encoded()
        for count in 0..<bytes.count {
            #expect(throws: HermesError.self) { try HeldMount(decoding: Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: [
        ("\"format\":2", "\"format\":3"), ("\"mount\":18446744073709551615", "\"mount\":-1"), ("sha256:", "sha512:"),
        ("\"initialization\":\"", "\"initialization\":\"*"), ("\"initialization\":\"", "\"initialization\":\"AAAA"),
    ]) func aChangedRecordIsRefused(from: String, to: String) throws {
        let text = String(decoding: try Self.mount().encoded(), as: UTF8.self)
        guard let place = text.firstRange(of: from) else {
            Issue.record("the record has no \(from)")
            return
        }
        let changed = text.replacingCharacters(in: place, with: to)
        #expect(throws: HermesError.self) { try HeldMount(decoding: Array(changed.utf8)) }
    }

    @Test func anotherFormatIsNamedAsSuch() throws {
        let error = #expect(throws: HermesError.self) { try HeldMount(decoding: Array("{\"format\":1}".utf8)) }
        #expect(error?.code == .unsupported)
    }

    @Test func aRecordOfAKernelThatDoesNotSendAgainIsRefused() throws {
        let mount = try Self.mount()
        let old = HeldMount(
            content: mount.content, mount: mount.mount,
            initialization: try FuseInit(FuseInitTests.message(minor: 39)))
        let bytes = try old.encoded()
        #expect(throws: HermesError.self) { try HeldMount(decoding: bytes) }
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
