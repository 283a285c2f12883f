"""``hubble-qa certificate``: verify files by a certificate, sign it, write it as an RO-Crate."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from hubble_qa.checks.printable import one_line
from hubble_qa.reports.certificate.signing import sign, signature_of, signer
from hubble_qa.reports.certificate.statement import CertificateError, read_statement, write_whole
from hubble_qa.reports.certificate.verification import Change, verify

__all__ = ["certificate"]

_HEADERS_ONLY, _CHANGED = 3, 4
_HARMLESS = frozenset({Change.NONE, Change.HEADER, Change.NEW})

_file = click.Path(path_type=Path, dir_okay=False)


class _Group(click.Group):
    """Tells a certificate's errors in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CertificateError as error:
            raise click.ClickException(one_line(str(error))) from error


@click.group(cls=_Group)
def certificate() -> None:
    """Verify files by a certificate, sign it, or describe it as an RO-Crate."""


@certificate.command("verify")
@click.argument("path", metavar="CERT", type=_file)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--signers",
    type=_file,
    metavar="FILE",
    help="Allowed signers, as of ssh-keygen: it must be signed by one.",
)
def _verify(path: Path, directory: Path, signers: Path | None) -> None:
    """Say of each file in DIR whether it is what CERT certifies.

    The exit status is 0 if all are, 3 if pixels are but headers were edited or files added, 4 if pixels
    or other files were changed or are missing, 1 if the certificate or its signature is not to be trusted.
    """
    statement = read_statement(path)
    if signers is not None:
        click.echo(f"signed by {one_line(signer(path, signers))}")
    counts: Counter[Change] = Counter()
    for finding in verify(statement, directory, besides=(path, signature_of(path))):
        counts[finding.change] += 1
        click.echo(one_line(str(finding)))
    total = ", ".join(f"{counts[change]} {change}" for change in Change if counts[change])
    click.echo(f"{statement.predicate.get('result', '')} {statement.predicate.get('date', '')}: {total}")
    if set(counts) <= {Change.NONE}:
        return
    sys.exit(_HEADERS_ONLY if set(counts) <= _HARMLESS else _CHANGED)


@certificate.command("sign")
@click.argument("path", metavar="CERT", type=_file)
@click.option(
    "--key", type=_file, required=True, metavar="KEY", help="Private key, or public one of an agent."
)
def _sign(path: Path, key: Path) -> None:
    """Sign CERT with ssh-keygen, into CERT.sig."""
    read_statement(path)
    click.echo(str(sign(path, key, asking=True)))


@certificate.command("ro-crate")
@click.argument("path", metavar="CERT", type=_file)
@click.argument("directory", metavar="OUT", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", default="Hubble images", show_default=True, help="What the products are called.")
@click.option("--license", "licence", default="", metavar="URL", help="Address of the products' licence.")
def _ro_crate(path: Path, directory: Path, name: str, licence: str) -> None:
    """Describe CERT and its files as an RO-Crate: ro-crate-metadata.json and a copy of CERT in OUT.

    The files themselves belong beside these, by the paths that CERT has; what is not there is told.
    """
    from hubble_qa.reports.certificate.ro_crate import METADATA, ro_crate

    statement = read_statement(path)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / path.name).exists() or not path.samefile(directory / path.name):
            write_whole(directory / path.name, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CertificateError(f"{directory}: cannot be written: {error.strerror or error}") from error
    write_whole(directory / METADATA, ro_crate(statement, path.name, name=name, licence=licence))
    for file in statement.files:
        if not (directory / file.name).is_file():
            click.echo(one_line(f"{file.name}: put it into {directory}"))
    if not licence:
        click.echo("the licence is not stated: give --license URL")
    click.echo(str(directory / METADATA))
