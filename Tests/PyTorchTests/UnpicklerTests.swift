import PyTorch
import TestSupport
import Testing

@Suite struct UnpicklerTests {
    /// `base64.b64encode(pickle.dumps(v, protocol))` of CPython 3.11, where `v` is
    /// `{'a': [1, 2.5, None, True, -1, 300, 70000, 1 << 40, -(1 << 62), 1 << 70], 'b': (b'\0\xff', bytearray(b'ab'), 'ä'),`
    /// `'c': {1}, 'd': frozenset(['x']), 'e': OrderedDict(k=1), 'f': defaultdict(list, {1: 2}), 'h': Namespace(lr=0.5),`
    /// `'p': PurePosixPath('/a'), 'n': {0: 'person'}, 't': ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))}`.
    private static let pickles = [
        2: """
        gAJ9cQAoWAEAAABhcQFdcQIoSwFHQAQAAAAAAABOiEr/////TSwBSnARAQCKBgAAAAAAAYoIAAAAAAAAAMCKCQAAAAAAAAAAQGVY
        AQAAAGJxA2NfY29kZWNzCmVuY29kZQpxBFgDAAAAAMO/cQVYBgAAAGxhdGluMXEGhnEHUnEIY19fYnVpbHRpbl9fCmJ5dGVhcnJh
        eQpxCWgEWAIAAABhYnEKaAaGcQtScQyFcQ1ScQ5YAgAAAMOkcQ+HcRBYAQAAAGNxEWNfX2J1aWx0aW5fXwpzZXQKcRJdcRNLAWGF
        cRRScRVYAQAAAGRxFmNfX2J1aWx0aW5fXwpmcm96ZW5zZXQKcRddcRhYAQAAAHhxGWGFcRpScRtYAQAAAGVxHGNjb2xsZWN0aW9u
        cwpPcmRlcmVkRGljdApxHSlScR5YAQAAAGtxH0sBc1gBAAAAZnEgY2NvbGxlY3Rpb25zCmRlZmF1bHRkaWN0CnEhY19fYnVpbHRp
        bl9fCmxpc3QKcSKFcSNScSRLAUsCc1gBAAAAaHElY2FyZ3BhcnNlCk5hbWVzcGFjZQpxJimBcSd9cShYAgAAAGxycSlHP+AAAAAA
        AABzYlgBAAAAcHEqY3BhdGhsaWIKUHVyZVBvc2l4UGF0aApxK1gBAAAAL3EsaAGGcS1ScS5YAQAAAG5xL31xMEsAWAYAAABwZXJz
        b25xMXNYAQAAAHRxMigpSwGFcTNLAUsChnE0SwFLAksDh3E1KEsBSwJLA0sEdHE2dHE3dS4=
        """,
        3: """
        gAN9cQAoWAEAAABhcQFdcQIoSwFHQAQAAAAAAABOiEr/////TSwBSnARAQCKBgAAAAAAAYoIAAAAAAAAAMCKCQAAAAAAAAAAQGVY
        AQAAAGJxA0MCAP9xBGNidWlsdGlucwpieXRlYXJyYXkKcQVDAmFicQaFcQdScQhYAgAAAMOkcQmHcQpYAQAAAGNxC2NidWlsdGlu
        cwpzZXQKcQxdcQ1LAWGFcQ5ScQ9YAQAAAGRxEGNidWlsdGlucwpmcm96ZW5zZXQKcRFdcRJYAQAAAHhxE2GFcRRScRVYAQAAAGVx
        FmNjb2xsZWN0aW9ucwpPcmRlcmVkRGljdApxFylScRhYAQAAAGtxGUsBc1gBAAAAZnEaY2NvbGxlY3Rpb25zCmRlZmF1bHRkaWN0
        CnEbY2J1aWx0aW5zCmxpc3QKcRyFcR1ScR5LAUsCc1gBAAAAaHEfY2FyZ3BhcnNlCk5hbWVzcGFjZQpxICmBcSF9cSJYAgAAAGxy
        cSNHP+AAAAAAAABzYlgBAAAAcHEkY3BhdGhsaWIKUHVyZVBvc2l4UGF0aApxJVgBAAAAL3EmaAGGcSdScShYAQAAAG5xKX1xKksA
        WAYAAABwZXJzb25xK3NYAQAAAHRxLCgpSwGFcS1LAUsChnEuSwFLAksDh3EvKEsBSwJLA0sEdHEwdHExdS4=
        """,
        4: """
        gASVdAEAAAAAAAB9lCiMAWGUXZQoSwFHQAQAAAAAAABOiEr/////TSwBSnARAQCKBgAAAAAAAYoIAAAAAAAAAMCKCQAAAAAAAAAA
        QGWMAWKUQwIA/5SMCGJ1aWx0aW5zlIwJYnl0ZWFycmF5lJOUQwJhYpSFlFKUjALDpJSHlIwBY5SPlChLAZCMAWSUKIwBeJSRlIwB
        ZZSMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpSMAWuUSwFzjAFmlGgTjAtkZWZhdWx0ZGljdJSTlGgFjARsaXN0lJOU
        hZRSlEsBSwJzjAFolIwIYXJncGFyc2WUjAlOYW1lc3BhY2WUk5QpgZR9lIwCbHKURz/gAAAAAAAAc2KMAXCUjAdwYXRobGlilIwN
        UHVyZVBvc2l4UGF0aJSTlIwBL5RoAYaUUpSMAW6UfZRLAIwGcGVyc29ulHOMAXSUKClLAYWUSwFLAoaUSwFLAksDh5QoSwFLAksD
        SwR0lHSUdS4=
        """,
        5: """
        gAWVZwEAAAAAAAB9lCiMAWGUXZQoSwFHQAQAAAAAAABOiEr/////TSwBSnARAQCKBgAAAAAAAYoIAAAAAAAAAMCKCQAAAAAAAAAA
        QGWMAWKUQwIA/5SWAgAAAAAAAABhYpSMAsOklIeUjAFjlI+UKEsBkIwBZJQojAF4lJGUjAFllIwLY29sbGVjdGlvbnOUjAtPcmRl
        cmVkRGljdJSTlClSlIwBa5RLAXOMAWaUaA6MC2RlZmF1bHRkaWN0lJOUjAhidWlsdGluc5SMBGxpc3SUk5SFlFKUSwFLAnOMAWiU
        jAhhcmdwYXJzZZSMCU5hbWVzcGFjZZSTlCmBlH2UjAJscpRHP+AAAAAAAABzYowBcJSMB3BhdGhsaWKUjA1QdXJlUG9zaXhQYXRo
        lJOUjAEvlGgBhpRSlIwBbpR9lEsAjAZwZXJzb26Uc4wBdJQoKUsBhZRLAUsChpRLAUsCSwOHlChLAUsCSwNLBHSUdJR1Lg==
        """,
    ]

    @Test("pickles of all protocols yield the same values", arguments: pickles.keys.sorted())
    func protocols(_ version: Int) throws {
        let root = try load(base64: try #require(Self.pickles[version]))
        let expected = [
            "a": "[1, 2.5, None, True, -1, 300, 70000, 1099511627776, -4611686018427387904, "
                + "builtins.int(b[0, 0, 0, 0, 0, 0, 0, 0, 64])]",
            "c": "{1}", "d": "{'x'}", "e": "{'k': 1}", "f": "{1: 2}",
            "h": "argparse.Namespace().state({'lr': 0.5})",
            "p": "pathlib.PurePosixPath('/', 'a')",
            "n": "{0: 'person'}",
            "t": "((), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4))",
        ]
        let dictionary = try #require(root.dictionary)
        #expect(dictionary.entries.map { $0.key.string } == ["a", "b", "c", "d", "e", "f", "h", "p", "n", "t"])
        for (key, literal) in expected {
            #expect(dictionary[key]?.literal == literal)
        }
        // Bytes are encoded differently in protocol 2, in 3 and 4, and in 5.
        let bytes = try #require(dictionary["b"]?.list)
        #expect(bytes[0].bytes == [0, 0xFF])
        #expect((bytes[1].bytes ?? bytes[1].object?.arguments.first?.bytes) == Array("ab".utf8))
        #expect(bytes[2].string == "ä")
    }

    /// Expected values follow `pickletools` of CPython 3.13.
    @Test(
        "each instruction has the same effect as in Python",
        arguments: [
            ("\u{88}", "True"), ("\u{89}", "False"), ("N", "None"),
            ("K\u{FF}", "255"), ("M\0\u{1}", "256"), ("J\u{FF}\u{FF}\u{FF}\u{FF}", "-1"),
            ("\u{8A}\0", "0"), ("\u{8A}\u{1}\u{FF}", "-1"), ("\u{8A}\u{2}\u{FF}\0", "255"),
            ("\u{8B}\u{1}\0\0\0\u{80}", "-128"), ("G\u{BF}\u{F0}\0\0\0\0\0\0", "-1.0"),
            ("X\u{2}\0\0\0\u{C3}\u{A4}", "'ä'"), ("T\u{2}\0\0\0ab", "'ab'"), ("U\u{2}ab", "'ab'"),
            ("\u{8C}\u{2}ab", "'ab'"), ("\u{8D}\u{1}\0\0\0\0\0\0\0a", "'a'"),
            ("B\u{1}\0\0\0\u{7}", "b[7]"), ("C\u{1}\u{7}", "b[7]"), ("\u{8E}\u{1}\0\0\0\0\0\0\0\u{7}", "b[7]"),
            ("\u{96}\u{1}\0\0\0\0\0\0\0\u{7}", "b[7]"),
            (")", "()"), ("N\u{85}", "(None)"), ("NN\u{86}", "(None, None)"), ("NNN\u{87}", "(None, None, None)"),
            ("(NNNNt", "(None, None, None, None)"), ("]", "[]"), ("(Nl", "[None]"), ("]Na", "[None]"),
            ("](NNe", "[None, None]"), ("\u{8F}(K\u{1}\u{90}", "{1}"), ("(K\u{1}\u{91}", "{1}"),
            ("}", "{}"), ("}K\u{1}Ns", "{1: None}"), ("}(K\u{1}NK\u{2}Nu", "{1: None, 2: None}"),
            ("(K\u{1}Nd", "{1: None}"), ("}(K\u{1}NK\u{2}NK\u{1}\u{88}u", "{1: True, 2: None}"),
            ("}(\u{89}NG\0\0\0\0\0\0\0\0Nu", "{False: None, 0.0: None}"),
            ("K\u{1}K\u{2}0", "1"), ("K\u{1}(0", "1"), ("K\u{1}(K\u{9}1", "1"), ("(K\u{1}2t", "(1, 1)"),
            ("]q\u{7}h\u{7}\u{86}", "([], [])"), ("]r\u{7}\0\0\0j\u{7}\0\0\0\u{86}", "([], [])"),
            ("K\u{1}\u{94}K\u{2}\u{94}h\0h\u{1}(1\u{86}0\u{86}", "(1, 2)"),
            ("]q\0h\0K\u{1}a\u{86}", "([1], [1])"),
            ("\u{95}\u{1}\0\0\0\0\0\0\0N", "None"),
            ("cmodule\nClass.Inner\n", "module.Class.Inner"), ("\u{8C}\u{1}m\u{8C}\u{1}C\u{93}", "m.C"),
            ("cm\nC\n)\u{81}", "m.C()"), ("cm\nC\n)\u{81}}b", "m.C().state({})"),
            ("cm\nC\nK\u{1}\u{85}}\u{92}", "m.C(1, {})"), ("cm\nf\nK\u{1}\u{85}R", "m.f(1)"),
            ("cm\nC\n)\u{81}K\u{1}a(K\u{2}K\u{3}e", "m.C()[1, 2, 3]"), ("cm\nC\n)\u{81}K\u{1}K\u{2}s", "m.C(){1: 2}"),
            ("cm\nf\n)R)R", "builtins.object(m.f())"),
            ("ccollections\nOrderedDict\n](](K\u{1}NeK\u{2}N\u{86}e\u{85}R", "{1: None, 2: None}"),
            ("ccollections\nOrderedDict\n)R}X\u{9}\0\0\0_metadataNsb", "{}"),
            ("c__builtin__\nset\n)R", "{}"),
            ("ccollections\nOrderedDict\n](K\u{1}e\u{85}R", "collections.OrderedDict([1])"),
            // The `forward` attribute of a module that YOLOv5 has fused.
            (
                "cm\nC\n)\u{81}q\0}U\u{1}ac__builtin__\ngetattr\nh\0U\u{1}f\u{86}Rsb",
                "m.C().state({'a': __builtin__.getattr('f')})"
            ),
            ("ctorch\nSize\nK\u{1}K\u{2}\u{86}\u{85}R", "(1, 2)"),
            ("c__builtin__\nset\n](K\u{1}K\u{2}e\u{85}R", "{1, 2}"), ("ctorch\nfloat16\n", "torch.float16"),
        ] as [(Opcodes, String)]
    )
    func instruction(_ opcodes: Opcodes, _ literal: String) throws {
        #expect(try load(opcodes).literal == literal)
    }

    @Test(
        "a call to an unknown function becomes a record, however dangerous",
        arguments: [
            ("cos\nsystem\nX\u{8}\0\0\0rm -rf /\u{85}R", "os.system('rm -rf /')"),
            ("cbuiltins\neval\nX\u{1}\0\0\0x\u{85}R", "builtins.eval('x')"),
            ("c__builtin__\ngetattr\ncos\nX\nX\u{6}\0\0\0system\u{86}R", "__builtin__.getattr(os.X, 'system')"),
            ("ctorch.hub\nload\n)R)R", "builtins.object(torch.hub.load())"),
            ("cfunctools\npartial\ncos\nsystem\n\u{85}R(K\u{1}tb", "functools.partial(os.system).state((1))"),
        ] as [(Opcodes, String)]
    )
    func unknownFunctions(_ opcodes: Opcodes, _ literal: String) throws {
        #expect(try load(opcodes).literal == literal)
    }

    @Test("accessors return nil for values of other types")
    func accessors() throws {
        let values = try #require(
            try load("(\u{88}NK\u{1}U\u{1}a}K\0\u{88}sC\u{1}\u{7}G\0\0\0\0\0\0\0\0cm\nC\nt").list
        )
        #expect(values.map { $0.bool } == [true, nil, nil, nil, nil, nil, nil, nil])
        #expect(values.map { $0.isNone } == [false, true, false, false, false, false, false, false])
        #expect(values.map { $0.int } == [nil, nil, 1, nil, nil, nil, nil, nil])
        #expect(values.map { $0.double } == [nil, nil, 1, nil, nil, nil, 0, nil])
        #expect(values.map { $0.string } == [nil, nil, nil, "a", nil, nil, nil, nil])
        #expect(values.map { $0.bytes } == [nil, nil, nil, nil, nil, [7], nil, nil])
        #expect(values.map { $0.dictionary?[0]?.bool } == [nil, nil, nil, nil, true, nil, nil, nil])
        #expect(values.map { $0.typeName } == ["bool", "None", "int", "str", "dict", "bytes", "float", "m.C"])
        #expect(values.allSatisfy { $0.list == nil && $0.object == nil && $0.tensor == nil })
    }

    @Test("attributes of an object with slots are read from both parts of its state")
    func slots() throws {
        let value = try load("cm\nC\n)\u{81}}U\u{1}aK\u{1}s}U\u{1}bK\u{2}s\u{86}b")
        let object = try #require(value.object)
        #expect(object.attribute("a")?.int == 1)
        #expect(object.attribute("b")?.int == 2)
        #expect(object.attribute("c") == nil)
        #expect(try load("cm\nC\n)\u{81}N}U\u{1}bK\u{2}s\u{86}b").object?.attribute("b")?.int == 2)
    }
}
