"""Mutations of the XML of one part: its declaration, elements, attributes and texts, whatever part it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from tests.fuzz import grammar, words

Pieces: TypeAlias = list[str]
"""Tags and what stands between them, in turn."""

_TAG: Final = re.compile(r"(<[^>]*>)")
_NAME: Final = re.compile(r"</?([^\s/>]+)")
_ATTRIBUTE: Final = re.compile(r'\s([^\s=]+)="([^"]*)"')


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
    _with_attribute(
        pieces, rng, lambda name, value: f' {name}="{rng.choice((*words.VALUES, value + value, value.upper()))}"'
    )


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
        pieces[at] = re.sub(r"(\s*/?>)$", lambda match: f" {rng.choice(words.ADDED)}{match[1]}", pieces[at])


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
        before, behind = rng.choice(words.WRAPPERS)
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
        pieces[at] = rng.choice((f"{pieces[at]}{rng.choice(words.MORE)}", f"{rng.choice(words.MORE)}{pieces[at]}"))


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
    pieces[:] = _TAG.split(rng.choice(words.DECLARATIONS) + text)


# Texts


def _text(pieces: Pieces, rng: Random) -> int:
    """The place of a text between two tags."""
    at = tag(pieces, rng, "f v t v f definedName")
    return at + 1 if at >= 0 and at + 1 < len(pieces) else 0


def _change_text(pieces: Pieces, rng: Random) -> None:
    pieces[_text(pieces, rng)] = rng.choice(words.VALUES)


def _put_inside(pieces: Pieces, rng: Random) -> None:
    at = _text(pieces, rng)
    cut = rng.randint(0, len(pieces[at]))
    pieces[at] = pieces[at][:cut] + rng.choice(words.INSIDE) + pieces[at][cut:]


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
