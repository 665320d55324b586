import PyTorch
import Testing

/// Pickles are from `base64.b64encode(pickle.dumps(value, protocol))` of CPython 3.11 with NumPy 2.4.
@Suite struct NumPyNumberTests {
    @Test(
        "NumPy scalars and one-element arrays are read as numbers",
        arguments: [
            (
                "float64(0.375)",
                """
                gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpzY2FsYXIKcQBjbnVtcHkKZHR5cGUKcQFYAgAAAGY4cQKJiIdxA1JxBChLA1gBAAAA
                PHEFTk5OSv////9K/////0sAdHEGYmNfY29kZWNzCmVuY29kZQpxB1gJAAAAAAAAAAAAw5g/cQhYBgAAAGxhdGluMXEJhnEKUnELhnEM
                UnENLg==
                """, 0.375
            ),
            (
                "float64(0.375), protocol 4",
                """
                gASVagAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAZzY2FsYXKUk5SMBW51bXB5lIwFZHR5cGWUk5SMAmY4lImIh5RSlChL
                A4wBPJROTk5K/////0r/////SwB0lGJDCAAAAAAAANg/lIaUUpQu
                """, 0.375
            ),
            (
                "float32(1.5)",
                """
                gASVZgAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAZzY2FsYXKUk5SMBW51bXB5lIwFZHR5cGWUk5SMAmY0lImIh5RSlChL
                A4wBPJROTk5K/////0r/////SwB0lGJDBAAAwD+UhpRSlC4=
                """, 1.5
            ),
            (
                "float16(-2.5)",
                """
                gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpzY2FsYXIKcQBjbnVtcHkKZHR5cGUKcQFYAgAAAGYycQKJiIdxA1JxBChLA1gBAAAAPHEF
                Tk5OSv////9K/////0sAdHEGYmNfY29kZWNzCmVuY29kZQpxB1gDAAAAAMOBcQhYBgAAAGxhdGluMXEJhnEKUnELhnEMUnENLg==
                """, -2.5
            ),
            (
                "int64(-7)",
                """
                gASVagAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAZzY2FsYXKUk5SMBW51bXB5lIwFZHR5cGWUk5SMAmk4lImIh5RSlChL
                A4wBPJROTk5K/////0r/////SwB0lGJDCPn/////////lIaUUpQu
                """, -7
            ),
            (
                "uint8(200)",
                """
                gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpzY2FsYXIKcQBjbnVtcHkKZHR5cGUKcQFYAgAAAHUxcQKJiIdxA1JxBChLA1gBAAAAfHEF
                Tk5OSv////9K/////0sAdHEGYmNfY29kZWNzCmVuY29kZQpxB1gCAAAAw4hxCFgGAAAAbGF0aW4xcQmGcQpScQuGcQxScQ0u
                """, 200
            ),
            (
                "True_",
                """
                gASVYwAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAZzY2FsYXKUk5SMBW51bXB5lIwFZHR5cGWUk5SMAmIxlImIh5RSlChL
                A4wBfJROTk5K/////0r/////SwB0lGJDAQGUhpRSlC4=
                """, 1
            ),
            (
                "array([0.25])",
                """
                gAJjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQBjbnVtcHkKbmRhcnJheQpxAUsAhXECY19jb2RlY3MKZW5jb2Rl
                CnEDWAEAAABicQRYBgAAAGxhdGluMXEFhnEGUnEHh3EIUnEJKEsBSwGFcQpjbnVtcHkKZHR5cGUKcQtYAgAAAGY4cQyJiIdxDVJxDihL
                A1gBAAAAPHEPTk5OSv////9K/////0sAdHEQYoloA1gJAAAAAAAAAAAAw5A/cRFoBYZxElJxE3RxFGIu
                """, 0.25
            ),
            (
                "array(3, dtype='>i4')",
                """
                gASVigAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAxfcmVjb25zdHJ1Y3SUk5SMBW51bXB5lIwHbmRhcnJheZSTlEsAhZRD
                AWKUh5RSlChLASloA4wFZHR5cGWUk5SMAmk0lImIh5RSlChLA4wBPpROTk5K/////0r/////SwB0lGKJQwQAAAADlHSUYi4=
                """, 3
            ),
            (
                "array([1.0, 2.0])",
                """
                gASVmQAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAxfcmVjb25zdHJ1Y3SUk5SMBW51bXB5lIwHbmRhcnJheZSTlEsAhZRD
                AWKUh5RSlChLAUsChZRoA4wFZHR5cGWUk5SMAmY4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGKJQxAAAAAAAADwPwAAAAAA
                AABAlHSUYi4=
                """, nil
            ),
        ] as [(String, String, Double?)]
    )
    func number(_ name: String, _ pickle: String, _ number: Double?) throws {
        let value = try load(base64: pickle)
        #expect(value.double == number)
        #expect(value.int == (name.contains("float") || name.contains(".") ? nil : number.map { Int($0) }))
    }

    /// Arguments are the type and bytes of a call to `numpy.core.multiarray.scalar` of NumPy 1.
    @Test(
        "an invalid NumPy scalar is not read as a number",
        arguments: [
            ("U\u{2}f8", "C\u{4}\0\0\0\0"), ("U\u{3}f16", "C\u{10}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            ("U\u{2}c8", "C\u{8}\0\0\0\0\0\0\0\0"), ("U\0", "C\0"), ("U\u{1}f", "C\0"), ("N", "C\u{1}\0"),
            ("U\u{2}f3", "C\u{3}\0\0\0"), ("U\u{2}u8", "N"),
            ("U\u{2}u8", "c_codecs\nencode\nX\u{3}\0\0\0\u{E2}\u{82}\u{AC}U\u{6}latin1\u{86}R"),
        ]
    )
    func noNumber(_ type: String, _ bytes: String) throws {
        let dtype = "cnumpy\ndtype\n\(type)\u{85}R"
        let value = try load("cnumpy.core.multiarray\nscalar\n\(dtype)\(bytes)\u{86}R")
        #expect(value.double == nil)
        #expect(value.int == nil)
    }
}
