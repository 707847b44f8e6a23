"""Tables out of plain prose, read by models, and questions whose answers come from execution (paper 3.2)."""

from __future__ import annotations

from longstride.synthesis.tables.by_model.family import ProseTablesFamily

__all__ = ["ProseTablesFamily"]
