"""A loopback MAST with catalogues: PS1's service and the portal's of the Hubble Source Catalog.

Its answers have the shapes of MAST's own (catalogs.mast.stsci.edu/docs, mast.stsci.edu/api/v0): those of PS1
are ``{"info", "data"}`` with one list a row, those of the portal ``{"status", "data", "fields", "paging"}``
with one mapping a row. Both cut answers at their limit of rows without saying so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

from tests.loopback_server import Fault, Handler, Service, running

__all__ = ["CatalogServer", "Fault", "hsc_table", "ps1_table", "serve"]

MEAN = "/api/v0.1/panstarrs/dr2/mean.json"
INVOKE = "/api/v0/invoke"
COLUMNS = "/portal/Mashup/Mashup.asmx/columnsconfig"


def ps1_table(ra: Any, dec: Any, i_magnitude: Any) -> Table:
    """Rows of MeanObjectView: every 7th is extended, every 11th has two detections, every 13th no i."""
    number = np.arange(len(ra))
    point = np.where(number % 13 == 5, -999.0, i_magnitude)
    kron = np.where(number % 13 == 5, -999.0, np.asarray(i_magnitude) - np.where(number % 7 == 3, 0.4, 0.02))
    return Table(
        {
            "raMean": ra,
            "decMean": dec,
            "raMeanErr": np.full(len(ra), 0.004),
            "decMeanErr": np.full(len(ra), 0.005),
            "epochMean": np.full(len(ra), 56_293.25),
            "nDetections": np.where(number % 11 == 4, 2, 40),
            "qualityFlag": np.full(len(ra), 52),
            "iMeanPSFMag": point,
            "iMeanKronMag": kron,
        }
    )


def hsc_table(ra: Any, dec: Any, magnitude: Any) -> Table:
    """Rows of the summary: every fifth is not tied to another catalogue, every fourth has but one image."""
    number = np.arange(len(ra))
    return Table(
        {
            "MatchID": number + 82_441_651,
            "MatchRA": ra,
            "MatchDec": dec,
            "DSigma": np.full(len(ra), 6.0),
            "AbsCorr": np.where(number % 5 == 2, "N", "Y"),
            "NumImages": np.where(number % 4 == 1, 1, 9),
            "StartMJD": np.full(len(ra), 54_000.0),
            "StopMJD": np.full(len(ra), 56_000.0),
            "A_F606W": np.where(number % 3 == 0, -999.0, np.asarray(magnitude) + 0.7),
            "A_F606W_Sigma": np.full(len(ra), 0.01),
            "A_F606W_N": np.full(len(ra), 4),
            "A_F814W": magnitude,
            "A_F814W_Sigma": np.full(len(ra), 0.01),
            "A_F814W_N": np.full(len(ra), 5),
        }
    )


@dataclass
class CatalogServer(Service):
    """Rows of both catalogues."""

    ps1: Table = field(default_factory=Table)
    hsc: Table = field(default_factory=Table)

    def cone(self, table: Table, names: tuple[str, str], question: dict[str, Any]) -> Table:
        """Rows of a cone, degrees."""
        stars = SkyCoord(table[names[0]], table[names[1]], unit="deg")
        centre = SkyCoord(float(question["ra"]), float(question["dec"]), unit="deg")
        return table[stars.separation(centre) <= float(question["radius"]) * u.deg]


class _CatalogHandler(Handler):
    service: CatalogServer

    def post(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == MEAN:
            self._mean(json.loads(body))
        elif self.path == COLUMNS:
            self.reply(f"columns {parse_qs(body)['colConfigId'][0]}", b"{}", "application/json")
        elif self.path == INVOKE:
            self._invoke(json.loads(parse_qs(body)["request"][0]))
        else:
            self.reply(f"POST {self.path}", status=404)

    def _mean(self, question: dict[str, Any]) -> None:
        rows = self.service.cone(self.service.ps1, ("raMean", "decMean"), question)
        if "nDetections.gte" in question:
            rows = rows[rows["nDetections"] >= int(question["nDetections.gte"])]
        rows = rows[: int(question.get("pagesize", 5001))]
        unknown = [name for name in question["columns"] if name not in rows.colnames]
        if unknown:
            self.reply(f"PS1 {unknown[0]}", b'{"message": "no such column"}', "application/json", status=400)
            return
        names = question["columns"]
        info = [{"name": name, "column_name": name, "db_type": "DOUBLE"} for name in names]
        values = [[float(row[name]) for name in names] for row in rows]
        body = json.dumps({"info": info, "data": values}).encode()
        self.reply(f"PS1 {json.dumps(question, sort_keys=True)}", body, "application/json")

    def _invoke(self, query: dict[str, Any]) -> None:
        question = query["params"]
        rows = self.service.cone(self.service.hsc, ("MatchRA", "MatchDec"), question)
        rows = rows[rows["NumImages"] >= question["ni"]][: question["nr"]]
        kinds = {"U": "string", "i": "int", "f": "float"}
        fields = [{"name": name, "type": kinds[rows[name].dtype.kind]} for name in rows.colnames]
        values = [{name: row[name].item() for name in rows.colnames} for row in rows]
        for row in values:
            row |= {name: None for name, value in row.items() if value == -999.0}
        answer = {
            "status": "COMPLETE",
            "msg": "",
            "data": values,
            "fields": fields,
            "paging": {"page": 1, "pageSize": 50_000, "pagesFiltered": 1, "rows": len(values)},
        }
        description = f"HSC {query['service']} {json.dumps(question, sort_keys=True)}"
        self.reply(description, json.dumps(answer).encode(), "application/json")


@contextmanager
def serve(ps1: Table, hsc: Table) -> Iterator[CatalogServer]:
    """Run a MAST that has these catalogues."""
    service = CatalogServer(ps1=ps1, hsc=hsc)
    with running(service, _CatalogHandler):
        yield service
