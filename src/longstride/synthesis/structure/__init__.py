"""Reading structure: labelled attributes, tables and links of a document, with their offsets (paper 3.2).

What the authors have a language model extract, structure already states: `- land: 2,381,740 sq km` under `### Area`,
the grid of a filing, a link. Every part is a slice of the document's text, so that it can be quoted as evidence.
"""

from longstride.synthesis.structure.parts import Attribute, Cell, Heading, Link, Structure, Table
from longstride.synthesis.structure.reading import read_structure

__all__ = ["Attribute", "Cell", "Heading", "Link", "Structure", "Table", "read_structure"]
