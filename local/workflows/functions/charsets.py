"""
The character sets that text is encoded in and decoded from, by their names at IANA.

https://www.iana.org/assignments/character-sets. Python's own codecs have more names and do more than that, from
`utf8` to `rot13` and `unicode_escape`; none of those is the name of a character set.
"""

import codecs

from local.workflows.errors import raised

_NAMES = {
    "ascii": "us-ascii iso-ir-6 ansi_x3.4-1968 ansi_x3.4-1986 iso_646.irv:1991 iso646-us us ibm367 cp367 csascii",
    "iso8859-1": "iso_8859-1:1987 iso-ir-100 iso_8859-1 iso-8859-1 latin1 l1 ibm819 cp819 csisolatin1",
    "iso8859-2": "iso_8859-2:1987 iso-ir-101 iso_8859-2 iso-8859-2 latin2 l2 csisolatin2",
    "iso8859-3": "iso_8859-3:1988 iso-ir-109 iso_8859-3 iso-8859-3 latin3 l3 csisolatin3",
    "iso8859-4": "iso_8859-4:1988 iso-ir-110 iso_8859-4 iso-8859-4 latin4 l4 csisolatin4",
    "iso8859-5": "iso_8859-5:1988 iso-ir-144 iso_8859-5 iso-8859-5 cyrillic csisolatincyrillic",
    "iso8859-6": "iso_8859-6:1987 iso-ir-127 iso_8859-6 iso-8859-6 ecma-114 asmo-708 arabic csisolatinarabic",
    "iso8859-7": "iso_8859-7:1987 iso-ir-126 iso_8859-7 iso-8859-7 elot_928 ecma-118 greek greek8 csisolatingreek",
    "iso8859-8": "iso_8859-8:1988 iso-ir-138 iso_8859-8 iso-8859-8 hebrew csisolatinhebrew",
    "iso8859-9": "iso_8859-9:1989 iso-ir-148 iso_8859-9 iso-8859-9 latin5 l5 csisolatin5",
    "iso8859-10": "iso-8859-10 iso-ir-157 l6 iso_8859-10:1992 latin6 csisolatin6",
    "iso8859-11": "tis-620 iso-8859-11 cstis620",
    "iso8859-13": "iso-8859-13 csiso885913",
    "iso8859-14": "iso-8859-14 iso-ir-199 iso_8859-14:1998 iso_8859-14 latin8 iso-celtic l8 csiso885914",
    "iso8859-15": "iso-8859-15 iso_8859-15 latin-9 csiso885915",
    "iso8859-16": "iso-8859-16 iso-ir-226 iso_8859-16:2001 iso_8859-16 latin10 l10 csiso885916",
    "utf-8": "utf-8 csutf8",
    "utf-7": "utf-7 csutf7",
    "utf-16": "utf-16 csutf16",
    "utf-16-be": "utf-16be csutf16be",
    "utf-16-le": "utf-16le csutf16le",
    "utf-32": "utf-32 csutf32",
    "utf-32-be": "utf-32be csutf32be",
    "utf-32-le": "utf-32le csutf32le",
    "koi8-r": "koi8-r cskoi8r",
    "koi8-u": "koi8-u cskoi8u",
    "mac-roman": "macintosh mac csmacintosh",
    "shift_jis": "shift_jis ms_kanji csshiftjis",
    "cp932": "windows-31j cswindows31j",
    "euc-jp": "extended_unix_code_packed_format_for_japanese euc-jp cseucpkdfmtjapanese",
    "iso2022-jp": "iso-2022-jp csiso2022jp",
    "iso2022-jp-2": "iso-2022-jp-2 csiso2022jp2",
    "euc-kr": "euc-kr cseuckr",
    "iso2022-kr": "iso-2022-kr csiso2022kr",
    "gb2312": "gb2312 csgb2312",
    "gbk": "gbk cp936 ms936 windows-936 csgbk",
    "gb18030": "gb18030 csgb18030",
    "hz": "hz-gb-2312",
    "big5": "big5 csbig5",
    "big5hkscs": "big5-hkscs csbig5hkscs",
    "cp037": "ibm037 cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csibm037",
    "cp437": "ibm437 cp437 437 cspc8codepage437",
    "cp500": "ibm500 cp500 ebcdic-cp-be ebcdic-cp-ch csibm500",
    "cp775": "ibm775 cp775 cspc775baltic",
    "cp850": "ibm850 cp850 850 cspc850multilingual",
    "cp852": "ibm852 cp852 852 cspcp852",
    "cp855": "ibm855 cp855 855 csibm855",
    "cp857": "ibm857 cp857 857 csibm857",
    "cp858": "ibm00858 ccsid00858 cp00858 pc-multilingual-850+euro csibm00858",
    "cp860": "ibm860 cp860 860 csibm860",
    "cp861": "ibm861 cp861 861 cp-is csibm861",
    "cp862": "ibm862 cp862 862 cspc862latinhebrew",
    "cp863": "ibm863 cp863 863 csibm863",
    "cp864": "ibm864 cp864 csibm864",
    "cp865": "ibm865 cp865 865 csibm865",
    "cp866": "ibm866 cp866 866 csibm866",
    "cp869": "ibm869 cp869 869 cp-gr csibm869",
    "cp874": "windows-874 cswindows874",
    "cp1026": "ibm1026 cp1026 csibm1026",
    "cp1140": "ibm01140 ccsid01140 cp01140 ebcdic-us-37+euro csibm01140",
    "cp1250": "windows-1250 cswindows1250",
    "cp1251": "windows-1251 cswindows1251",
    "cp1252": "windows-1252 cswindows1252",
    "cp1253": "windows-1253 cswindows1253",
    "cp1254": "windows-1254 cswindows1254",
    "cp1255": "windows-1255 cswindows1255",
    "cp1256": "windows-1256 cswindows1256",
    "cp1257": "windows-1257 cswindows1257",
    "cp1258": "windows-1258 cswindows1258",
}
CODECS = {name: codec for codec, names in _NAMES.items() for name in names.split()}
"""The codec of Python for each name, in small letters."""
# These begin with a mark that says which byte is first; without one it is the higher (RFC 2781).
_MARKED = {
    "utf-16": (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE),
    "utf-32": (codecs.BOM_UTF32_BE, codecs.BOM_UTF32_LE),
}


def _codec(charset: str) -> str:
    try:
        return CODECS[charset.lower()]
    except KeyError:
        raise raised("ValueError", f"there is no charset {charset[:40]!r}") from None


def _each_byte(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it only handles these
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("each-byte", _each_byte)


def decoded(data: bytes, charset: str = "utf-8") -> str:
    """Read text; each byte that is none becomes U+FFFD."""
    codec = _codec(charset)
    if codec in _MARKED and not data.startswith(_MARKED[codec]):
        codec += "-be"
    return data.decode(codec, "each-byte")


def encoded(text: str, charset: str = "utf-8") -> bytes:
    """Write text; a ValueError if the charset has no place for one of its characters."""
    codec = _codec(charset)
    try:
        if codec in _MARKED:
            return _MARKED[codec][0] + text.encode(codec + "-be")
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise raised("ValueError", f"{charset} has no place for {text[error.start]!a}") from None
