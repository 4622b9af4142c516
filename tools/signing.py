"""Signatures of a release, by one OpenPGP key: charts as `helm package --sign` makes them, and the list of checksums by GnuPG.

A key is a file as `gpg --export-secret-keys ADDRESS > FILE` writes it: what Helm reads.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from helm_python import chart as helm

__all__ = ["Signer"]


@dataclass(frozen=True)
class Signer:
    """Signs by the key of `identity` (a part of its name) in `keyring`; `passphrase` is the file of its passphrase, if any."""

    keyring: Path
    identity: str
    passphrase: Path | None = None

    def sign_chart(self, archive: Path) -> Path:
        """Write the provenance of a packaged chart beside it, which `helm verify` reads."""
        return Path(helm.sign(archive, key=self.identity, keyring=self.keyring, passphrase_file=self.passphrase))

    def sign(self, path: Path, *, public: Path) -> Path:
        """Write a detached signature beside a file, and the public key, as `gpgv` and Helm read it, to `public`."""
        signature = path.with_name(f"{path.name}.asc")
        with tempfile.TemporaryDirectory() as home:
            gpg = ["gpg", "--homedir", home, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback"]
            if self.passphrase is not None:
                gpg += ["--passphrase-file", str(self.passphrase)]
            try:
                for action in (
                    ["--import", str(self.keyring)],
                    ["--local-user", self.identity, "--armor", "--detach-sign", "--output", str(signature), str(path)],
                    ["--output", str(public), "--export", self.identity],
                ):
                    subprocess.run([*gpg, *action], check=True, capture_output=True, text=True)
            finally:
                subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True)
        return signature
