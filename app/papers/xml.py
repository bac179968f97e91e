"""Opens an XML document: well-formed to the end, without a document type, and not a page or an office file in disguise.

Expat reads it piece by piece; no tree is built. What an element holds is not looked at: that is its schema's matter.
"""

from typing import BinaryIO, Final
from xml.sax import SAXException  # nosec B406 - a type; defusedxml parses
from xml.sax.handler import ContentHandler, LexicalHandler, property_lexical_handler  # nosec B406 - types; defusedxml parses
from xml.sax.xmlreader import AttributesImpl  # nosec B406 - types; defusedxml parses

from defusedxml.common import DefusedXmlException, EntitiesForbidden
from defusedxml.expatreader import DefusedExpatParser

from app.domain.documents import FileFault
from app.papers.errors import BROKEN, FileRefused
from app.papers.kinds import blocks
from app.papers.limits import Limits

_ACTIVE: Final = (FileFault.TYPE_NOT_ALLOWED, "which may act on its reader")
_OFFICE: Final = (FileFault.OFFICE_FORMAT, "print or export it to PDF, and have the PDF signed")
_NAMESPACES: Final = {
    "http://www.w3.org/1999/xhtml": ("a web page (XHTML)", *_ACTIVE),
    "http://www.w3.org/2000/svg": ("a drawing (SVG)", *_ACTIVE),
    "http://www.w3.org/1999/XSL/Transform": ("a programme (XSLT)", *_ACTIVE),
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": ("an OpenDocument file (flat)", *_OFFICE),
    "http://schemas.microsoft.com/office/word/2003/wordml": ("a Word document (XML)", *_OFFICE),
    "http://schemas.microsoft.com/office/2006/xmlPackage": ("an Office document (flat)", *_OFFICE),
    "urn:schemas-microsoft-com:office:spreadsheet": ("an Excel workbook (XML)", *_OFFICE),
}
_ROOTS: Final = {
    "html": "http://www.w3.org/1999/xhtml",
    "svg": "http://www.w3.org/2000/svg",
}


class _Bounds(ContentHandler, LexicalHandler):
    """Counts what expat meets and refuses what is too much or not taken."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.depth = 0
        self.elements = 0

    @property
    def closed(self) -> bool:
        """Whether the root element has ended."""
        return self.elements > 0 and self.depth == 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - a name of SAX
        self.depth += 1
        self.elements += 1
        for what, found, most in (
            ("depth of elements", self.depth, self.limits.xml_depth_max),
            ("number of elements", self.elements, self.limits.xml_elements_max),
            ("number of attributes of an element", len(attrs), self.limits.xml_attributes_max),
        ):
            if found > most:
                raise FileRefused(FileFault.BOMB, f"the {what} goes beyond {most}")
        if self.elements == 1:
            self._refuse(_ROOTS.get(name.rpartition(":")[2].lower(), ""))
        for attribute in attrs.getNames():
            if attribute == "xmlns" or attribute.startswith("xmlns:"):
                self._refuse(attrs.getValue(attribute))

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 - a name of SAX
        self.depth -= 1

    def processingInstruction(self, target: str, data: str) -> None:  # noqa: ARG002, N802 - a name of SAX
        if target == "xml-stylesheet":
            text = "a style sheet from elsewhere (xml-stylesheet) would decide what a reader sees"
            raise FileRefused(FileFault.TYPE_NOT_ALLOWED, text)

    def endDTD(self) -> None:  # noqa: N802 - a name of SAX
        raise FileRefused(FileFault.TYPE_NOT_ALLOWED, "XML with a document type declaration (DOCTYPE) is not taken")

    def _refuse(self, namespace: str) -> None:
        if namespace in _NAMESPACES:
            name, fault, why = _NAMESPACES[namespace]
            raise FileRefused(fault, f"this is {name}: {why}")


def examine_xml(file: BinaryIO, limits: Limits) -> int:
    """Parse an XML document whole. Returns one, for its page. Raises FileRefused."""
    bounds = _Bounds(limits)
    # A document type is let through to its end: whether it declares entities tells a bomb from an old custom.
    parser = DefusedExpatParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(bounds)
    parser.setProperty(property_lexical_handler, bounds)
    try:
        for block in blocks(file, 0):
            parser.feed(block)
    except EntitiesForbidden as error:
        raise FileRefused(FileFault.BOMB, f"the XML declares entities, the first is {error.name!r}") from error
    except DefusedXmlException as error:
        raise FileRefused(FileFault.TYPE_NOT_ALLOWED, "the XML names another file to be read with it") from error
    except (SAXException, *BROKEN) as error:
        if bounds.closed:
            raise FileRefused(FileFault.POLYGLOT, f"something follows the end of the XML document: {error}") from error
        raise FileRefused(FileFault.DAMAGED, f"the XML is not well-formed: {error}") from error
    try:
        parser.close()
    except (SAXException, *BROKEN) as error:
        raise FileRefused(FileFault.TRUNCATED, f"the XML document is cut off: {error}") from error
    return 1
