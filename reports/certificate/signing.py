"""Signatures beside a certificate, made and verified by OpenSSH's ssh-keygen."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from hubble_qa.reports.certificate.statement import CertificateError

__all__ = ["NAMESPACE", "sign", "signature_of", "signer"]

NAMESPACE = "hubble-imaging-qa"
"""What a signature is for: one that was made for anything else is not accepted."""

_TIMEOUT = 120.0


def signature_of(certificate: Path) -> Path:
    """Where a certificate's signature is."""
    return certificate.with_name(f"{certificate.name}.sig")


def sign(certificate: Path, key: Path, *, asking: bool = False) -> Path:
    """Sign a certificate; an earlier signature is replaced.

    Parameters
    ----------
    certificate : Path
        The certificate.
    key : Path
        A private key, or a public one whose private key the agent has.
    asking : bool
        Whether ssh-keygen may ask for a passphrase on the terminal.

    Raises
    ------
    CertificateError
        If there is no ssh-keygen, or it does not sign.
    """
    signature = signature_of(certificate)
    signature.unlink(missing_ok=True)  # ssh-keygen would ask whether to overwrite it
    _ssh_keygen("-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(certificate), asking=asking)
    if not signature.is_file():
        raise CertificateError(f"{certificate}: ssh-keygen wrote no signature")
    return signature


def signer(certificate: Path, signers: Path) -> str:
    """Who of the allowed signers has signed a certificate.

    Parameters
    ----------
    certificate : Path
        The certificate; its signature is beside it.
    signers : Path
        Allowed signers, in the form of ssh-keygen(1): a line ``name ssh-ed25519 AAAA…`` each.

    Raises
    ------
    CertificateError
        If it is not signed, the signature is not of what it says now, or by nobody of these.
    """
    signature = signature_of(certificate)
    for path in (signature, signers):
        if not path.is_file():
            raise CertificateError(f"{path}: there is no such file")
    found = _ssh_keygen("-Y", "find-principals", "-f", str(signers), "-s", str(signature)).split("\n")
    name = found[0].strip()
    options = ("-Y", "verify", "-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", str(signature))
    _ssh_keygen(*options, given=certificate.read_bytes())
    return name


def _ssh_keygen(*arguments: str, given: bytes = b"", asking: bool = False) -> str:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise CertificateError("there is no ssh-keygen on PATH, which signs; install OpenSSH")
    # In a session of its own it has no terminal to ask for a passphrase, which nobody might answer.
    try:
        ended = subprocess.run(
            [program, *arguments],
            input=given,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            start_new_session=not asking,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CertificateError(f"ssh-keygen {' '.join(arguments[:2])}: {error}") from error
    if ended.returncode != 0:
        said = " ".join((ended.stderr or ended.stdout).decode(errors="replace").split())
        raise CertificateError(f"ssh-keygen {' '.join(arguments[:2])}: {said or 'failed'}")
    return ended.stdout.decode(errors="replace")
