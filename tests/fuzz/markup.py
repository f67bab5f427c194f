"""Mutations of the XML of one part: its declaration, elements, attributes and texts, whatever part it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from tests.fuzz import grammar

Pieces: TypeAlias = list[str]
"""Tags and what stands between them, in turn."""

_TAG: Final = re.compile(r"(<[^>]*>)")
_NAME: Final = re.compile(r"</?([^\s/>]+)")
_ATTRIBUTE: Final = re.compile(r'\s([^\s=]+)="([^"]*)"')

NUMBERS: Final = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "1e308",
        "1e309",
        "-1e999",
        "1e-320",
        "NaN",
        "INF",
        "0.1",
        ".5",
        "5.",
        "+1",
        " 1 ",
        "1 2",
        "0x1",
    ),
    *(
        "1,5",
        "1e5",
        "1E+05",
        "99999999999999999999",
        "2147483648",
        "4294967296",
        "1_0",
        "\u0661",
        "",
        "TRUE",
        "3.0000000000000004",
    ),
)
VALUES: Final = (
    *NUMBERS,
    *(
        "s",
        "str",
        "b",
        "e",
        "d",
        "n",
        "inlineStr",
        "shared",
        "array",
        "dataTable",
        "A1",
        "A1:B2",
        "XFD1048576",
        "A0",
        "a1",
    ),
    *(
        "$A$1",
        "R1C1",
        "veryHidden",
        "hidden",
        "manual",
        "true",
        "false",
        "rId1",
        "rId2",
        "rId99",
        "../x.xml",
        "/xl/a.xml",
    ),
    *("&#65;", "&lt;", "x" * 70_000, "é", "&#10;", "_x0041_", "http://example.org/", "R1C1", "&amp;#65;"),
)
ADDED: Final = (
    *(
        't="s"',
        't="str"',
        't="d"',
        't="b"',
        't="e"',
        't="array" ref="A1"',
        't="shared" si="0"',
        't="dataTable" ref="B2"',
    ),
    *('cm="1"', 'vm="1"', 'ca="1"', 'aca="1"', 'bx="1"', 'dt2D="1" dtr="1" r1="A1" r2="A2"', 'xml:space="preserve"'),
    *('hidden="1"', 'state="veryHidden"', 'localSheetId="0"', 'mc:Ignorable="x"', 'xmlns:x="urn:x" x:r="A9"', 'r="A1"'),
    *(
        'TargetMode="External"',
        'iterate="1"',
        'fullPrecision="0"',
        'date1904="1"',
        'refMode="R1C1"',
        'calcMode="manual"',
    ),
    *('function="1"', 'hidden="1" vbProcedure="1"', 'xml:lang="tr"', "r='B7'", 'spans="1:1"', 's="99999"', 'ht="1e9"'),
)
INSIDE: Final = (
    *(
        "<!-- -->",
        "<!--1-->",
        "<?php 1 ?>",
        "<![CDATA[1]]>",
        "<![CDATA[]]>",
        "&#49;",
        "&#x31;",
        "&amp;",
        "&lt;",
        "&a;",
        "]]>",
    ),
    *(
        "&#0;",
        "&#10;",
        "\t",
        "\n",
        " ",
        "\u00a0",
        "_x0031_",
        "_x005F_x0031_",
        "\x01",
        "\ufffe",
        "é",
        "🙂",
        "\u202e",
        "%",
    ),
)
DECLARATIONS: Final = (
    *(
        "",
        '<?xml version="1.0"?>',
        '<?xml version="1.1"?>',
        '<?xml version="2.0"?>',
        '<?xml version="1.0" standalone="no"?>',
    ),
    *(
        '<?xml version="1.0" encoding="US-ASCII"?>',
        '<?xml version="1.0" encoding="ISO-8859-1"?>',
        "<!DOCTYPE a>",
        "\n",
        "\ufeff",
    ),
    *(
        '<?xml version="1.0" encoding="UTF-7"?>',
        '<?xml version="1.0" encoding="UTF-16"?>',
        "<?xml-stylesheet href='a'?>",
    ),
    *('<?xml version="1.0" encoding="windows-1252"?>', '<?xml version="1.0" encoding="utf8"?>', "<!-- a -->", "x"),
    *('<?xml version="1.0" encoding="cp037"?>', '<?xml version="1.0" encoding="Shift_JIS"?>', "<?xml version='1.0'?>"),
    *(
        '<!DOCTYPE a [<!ENTITY a "1">]>',
        '<?xml version="1.0" encoding="UTF-32"?>',
        '<?xml version="1.0" encoding="rot13"?>',
    ),
)
MORE: Final = (
    '<c r="A1"><v>7</v></c>',
    '<row r="1"><c r="A1"><v>7</v></c></row>',
    '<row r="9999"><c r="ZZ9999"><f>1+1</f></c></row>',
    "<f>1+1</f>",
    "<v>7</v>",
    "<is><t>7</t></is>",
    '<mergeCells count="1"><mergeCell ref="A1:C9"/></mergeCells>',
    '<definedName name="x">1+1</definedName>',
    '<definedName name="network" hidden="1">{}</definedName>',
    '<calcPr iterate="1" iterateCount="3" fullPrecision="0"/>',
    '<workbookPr date1904="1"/>',
    '<sheet name="New" sheetId="77" r:id="rId1"/>',
    "<extLst><ext uri='x'><a xmlns='urn:a'/></ext></extLst>",
    '<dimension ref="A1"/>',
    "<t>7</t>",
    "<r><t>7</t></r>",
    "<si><t>7</t></si>",
    "<rPh><t>7</t></rPh>",
    "<!-- a -->",
    "<?a b?>",
)
_COMPATIBILITY: Final = "http://schemas.openxmlformats.org/markup-compatibility/2006"
WRAPPERS: Final = (
    (
        f'<mc:AlternateContent xmlns:mc="{_COMPATIBILITY}"><mc:Choice Requires="x14" xmlns:x14="urn:x14">',
        "</mc:Choice></mc:AlternateContent>",
    ),
    (f'<mc:AlternateContent xmlns:mc="{_COMPATIBILITY}"><mc:Fallback>', "</mc:Fallback></mc:AlternateContent>"),
    ('<x:a xmlns:x="urn:x">', "</x:a>"),
    ('<a xmlns="urn:x">', "</a>"),
    ("<extLst><ext uri='x'>", "</ext></extLst>"),
    ("<row>", "</row>"),
    ("<c>", "</c>"),
    ("<v>", "</v>"),
    ("<sheetData>", "</sheetData>"),
    ("<!--", "-->"),
    ("<![CDATA[", "]]>"),
)


def mutated(part: bytes, rng: Random) -> bytes:
    """The XML with a few faults; still bytes of UTF-8, unless it is encoded in another way in the end."""
    pieces = _TAG.split(part.decode("utf-8", "replace"))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(MUTATIONS)(pieces, rng)
    text = "".join(pieces)
    return _encoded(text, rng) if rng.random() < 0.05 else text.encode("utf-8", "surrogatepass")


def _encoded(text: str, rng: Random) -> bytes:
    """In another encoding, declared or not."""
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32", "latin-1", "utf-7", "cp037"))
    if rng.random() < 0.7:
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
        text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>{text}'
    return text.encode(encoding, "replace")


def tag(pieces: Pieces, rng: Random, names: str = "") -> int:
    """The place of a start tag, of one of some elements if there is any, all elements' names being as likely."""
    wanted = names.split()
    found: dict[str, list[int]] = {}
    for at in range(1, len(pieces), 2):
        if (match := _NAME.match(pieces[at])) and pieces[at][1] not in "/?!":
            found.setdefault(match[1], []).append(at)
    chosen = [name for name in found if not wanted or name.rpartition(":")[2] in wanted] or list(found)
    return rng.choice(found[rng.choice(sorted(chosen))]) if chosen else -1


def end(pieces: Pieces, at: int) -> int:
    """The place of the tag that ends the element which begins at a place."""
    name, depth = _NAME.match(pieces[at]), 0
    for place in range(at, len(pieces), 2):
        match = _NAME.match(pieces[place])
        if name and match and match[1] == name[1]:
            depth += (not pieces[place].startswith("</")) - (
                pieces[place].startswith("</") or pieces[place].endswith("/>")
            )
            if depth <= 0:
                return place
    return at


# Attributes


def _change_attribute(pieces: Pieces, rng: Random) -> None:
    _with_attribute(pieces, rng, lambda name, value: f' {name}="{rng.choice((*VALUES, value + value, value.upper()))}"')


def _drop_attribute(pieces: Pieces, rng: Random) -> None:
    _with_attribute(pieces, rng, lambda name, value: "")


def _double_attribute(pieces: Pieces, rng: Random) -> None:
    _with_attribute(pieces, rng, lambda name, value: f' {name}="{value}" {name}="{value}"')


def _respell_attribute(pieces: Pieces, rng: Random) -> None:
    forms = (" {}='{}'", ' {} = "{}"', '\n{}="{}"', ' {}="{} "', ' {}=" {}"', ' x:{}="{}"', ' {}="{}"')
    _with_attribute(pieces, rng, lambda name, value: rng.choice(forms).format(name, value))


def _with_attribute(pieces: Pieces, rng: Random, change: Callable[[str, str], str]) -> None:
    at = tag(pieces, rng)
    if at >= 0 and (found := list(_ATTRIBUTE.finditer(pieces[at]))):
        match = rng.choice(found)
        pieces[at] = pieces[at][: match.start()] + change(match[1], match[2]) + pieces[at][match.end() :]


def _add_attribute(pieces: Pieces, rng: Random) -> None:
    at = tag(pieces, rng)
    if at >= 0:
        pieces[at] = re.sub(r"(\s*/?>)$", lambda match: f" {rng.choice(ADDED)}{match[1]}", pieces[at])


def _exchange(pieces: Pieces, rng: Random) -> None:
    """Two elements of the same name have each other's values of an attribute."""
    one = tag(pieces, rng)
    other = tag(pieces, rng, _NAME.match(pieces[one])[1].rpartition(":")[2]) if one >= 0 else -1  # type: ignore[index]
    first, second = (_ATTRIBUTE.findall(pieces[at]) if at >= 0 else [] for at in (one, other))
    shared = [(name, a, b) for name, a in first for same, b in second if name == same and a != b]
    if shared:
        name, a, b = rng.choice(shared)
        pieces[one] = pieces[one].replace(f'{name}="{a}"', f'{name}="{b}"', 1)
        pieces[other] = pieces[other].replace(f'{name}="{b}"', f'{name}="{a}"', 1)


# Elements


def _drop(pieces: Pieces, rng: Random) -> None:
    at = tag(pieces, rng)
    if at >= 0:
        del pieces[at : end(pieces, at) + 1]
        pieces.insert(at, "")


def _double(pieces: Pieces, rng: Random) -> None:
    at = tag(pieces, rng)
    if at >= 0:
        until = end(pieces, at) + 1
        pieces[until:until] = ["", *pieces[at:until]]


def _move(pieces: Pieces, rng: Random) -> None:
    at = tag(pieces, rng)
    until = end(pieces, at) + 1
    if at > 0 and until < len(pieces):
        moved = pieces[at:until]
        del pieces[at : until + 1]
        to = 2 * rng.randint(0, len(pieces) // 2)
        pieces[to:to] = ["", *moved]


def _wrap(pieces: Pieces, rng: Random) -> None:
    at = tag(pieces, rng)
    if at >= 0:
        until = end(pieces, at)
        before, behind = rng.choice(WRAPPERS)
        pieces[until] += behind
        pieces[at] = before + pieces[at]


def _empty(pieces: Pieces, rng: Random) -> None:
    """An element loses all that is in it, or becomes `<a/>`."""
    at = tag(pieces, rng)
    until = end(pieces, at)
    if 0 < at < until:
        pieces[at + 1 : until] = [""]


def _more(pieces: Pieces, rng: Random) -> None:
    at = tag(pieces, rng)
    if at >= 0:
        pieces[at] = rng.choice((f"{pieces[at]}{rng.choice(MORE)}", f"{rng.choice(MORE)}{pieces[at]}"))


def _rename(pieces: Pieces, rng: Random) -> None:
    """An element has another name, or is of another namespace."""
    at = tag(pieces, rng)
    if at < 0:
        return
    name = _NAME.match(pieces[at])[1]  # type: ignore[index]
    new = rng.choice((f"x:{name}", name.upper(), name + "s", "c", "v", "f", "t", "row", "extLst"))
    until = end(pieces, at)
    pieces[at] = pieces[at].replace(name, f'{new} xmlns:x="urn:x"' if ":" in new else new, 1)
    if until != at:
        pieces[until] = f"</{new}>"


def _namespace(pieces: Pieces, rng: Random) -> None:
    """The whole part in another namespace, or with a prefix before the name of every element."""
    text = "".join(pieces)
    if rng.random() < 0.5:
        text = re.sub(r"<(/?)(?![?!/])([\w.]+)(?=[\s/>])", r"<\1p:\2", text).replace('xmlns="', 'xmlns:p="', 1)
    else:
        text = re.sub(
            r'xmlns="[^"]*"',
            lambda _: f'xmlns="{rng.choice(("", "urn:x", "http://purl.oclc.org/ooxml/spreadsheetml/main"))}"',
            text,
            count=1,
        )
    pieces[:] = _TAG.split(text)


def _declaration(pieces: Pieces, rng: Random) -> None:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", "".join(pieces)) if rng.random() < 0.8 else "".join(pieces)
    pieces[:] = _TAG.split(rng.choice(DECLARATIONS) + text)


# Texts


def _text(pieces: Pieces, rng: Random) -> int:
    """The place of a text between two tags."""
    at = tag(pieces, rng, "f v t v f definedName")
    return at + 1 if at >= 0 and at + 1 < len(pieces) else 0


def _change_text(pieces: Pieces, rng: Random) -> None:
    pieces[_text(pieces, rng)] = rng.choice(VALUES)


def _put_inside(pieces: Pieces, rng: Random) -> None:
    at = _text(pieces, rng)
    cut = rng.randint(0, len(pieces[at]))
    pieces[at] = pieces[at][:cut] + rng.choice(INSIDE) + pieces[at][cut:]


def _respell_text(pieces: Pieces, rng: Random) -> None:
    """The same text: as character references, in a CDATA section, with spaces around it."""
    at = _text(pieces, rng)
    text = pieces[at]
    cut = rng.randint(0, len(text))
    forms = [f"<![CDATA[{text}]]>", f" {text}", f"{text} ", f"\n{text}", text[:cut] + "<!-- -->" + text[cut:]]
    if "&" not in text:
        forms += ["".join(f"&#{ord(c)};" for c in text), "".join(f"_x{ord(c):04X}_" for c in text[:20])]
    pieces[at] = rng.choice(forms)


def _formula(pieces: Pieces, rng: Random) -> None:
    """A formula by the grammar, or the same one spelled in another way."""
    at = tag(pieces, rng, "f definedName")
    if at < 0 or at + 1 >= len(pieces):
        return
    old = pieces[at + 1].replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    new = grammar.respelled(old, rng) if old and rng.random() < 0.6 else grammar.formula(rng)
    pieces[at + 1] = new.replace("\0", "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


MUTATIONS: Final[list[Callable[[Pieces, Random], None]]] = [
    *(_change_attribute, _change_attribute, _change_attribute, _drop_attribute, _double_attribute, _respell_attribute),
    *(_add_attribute, _add_attribute, _exchange, _exchange, _drop, _double, _move, _wrap, _wrap, _empty, _more, _more),
    *(_rename, _namespace, _declaration, _change_text, _change_text, _put_inside, _put_inside, _respell_text),
    *(_respell_text, _formula, _formula),
]
