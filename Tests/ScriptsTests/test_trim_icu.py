"""Deploy/Docker/trim_icu.py with a small package, and with that of the installed Swift."""

import shutil
import struct
import subprocess
import sys
import unittest

from context import DOCKER, FolderTestCase

import trim_icu


class TrimICUTests(FolderTestCase):
    def test_only_data_of_other_languages_and_countries_are_left_out(self) -> None:
        for name, expected in {
            "icudt76l/de.res": False,
            "icudt76l/de_AT.res": False,
            "icudt76l/coll/de_.res": False,
            "icudt76l/curr/zh_Hant_TW.res": False,
            "icudt76l/lang/fil.res": False,
            "icudt76l/en.res": True,
            "icudt76l/zone/en_US_POSIX.res": True,
            "icudt76l/unit/root.res": True,
            "icudt76l/res_index.res": True,
            "icudt76l/pool.res": True,
            "icudt76l/likelySubtags.res": True,
            "icudt76l/zoneinfo64.res": True,
            "icudt76l/uts46.nrm": True,
            "icudt76l/coll/ucadata.icu": True,
            "icudt76l/ibm-943_P15A-2003.cnv": True,
        }.items():
            with self.subTest(name):
                self.assertEqual(trim_icu.is_kept(name), expected)

    def test_items_are_packed_as_the_format_demands(self) -> None:
        # Offsets of names and items, by hand: 4 bytes of count, 2 times 8 of table, names of 2 and 3 bytes, padding.
        header = struct.pack("<HBBHHBBBB4s", 16, 0xDA, 0x27, 20, 0, 0, 0, 2, 0, b"CmnD")
        expected = struct.pack("<IIIII", 2, 20, 32, 22, 48) + b"a\0bb\0" + bytes(7) + b"x" * 16 + b"yyy" + bytes(13)
        self.assertEqual(trim_icu.join(header, {"a": b"x" * 16, "bb": b"yyy"}), header + expected)
        self.assertEqual(trim_icu.split(header + expected), (header, {"a": b"x" * 16, "bb": b"yyy" + bytes(13)}))

    @unittest.skipUnless(shutil.which("swiftc"), "needs Swift")
    def test_what_stays_of_swifts_data_stays_the_same(self) -> None:
        target = self.folder / "data.o"
        script = DOCKER / "trim_icu.py"
        option = subprocess.check_output([sys.executable, script, target], text=True).strip()
        self.assertRegex(option, r"^--defsym=(icudt\d+_dat)=english_\1$")
        symbols = subprocess.check_output(["nm", "--defined-only", target], text=True)
        self.assertIn(" R " + option.rpartition("=")[2], symbols)
        copy = self.folder / "data"
        subprocess.run(["objcopy", "-O", "binary", "-j", ".rodata", target, copy], check=True)
        _, items = trim_icu.split(copy.read_bytes())
        kept = {name.partition("/")[2] for name in items}
        self.assertLessEqual({"root.res", "en.res", "zoneinfo64.res", "uts46.nrm", "coll/root.res"}, kept)
        self.assertFalse(kept & {"de.res", "coll/zh.res", "curr/fr.res"})
        # ICU halves the table to search it.
        self.assertEqual(list(items), sorted(items))
        self.assertLess(copy.stat().st_size, 20_000_000)


if __name__ == "__main__":
    unittest.main()
