# ruff: noqa: INP001 - a script for image builds, no package
"""Leaves of a Debian image with Python what a service runs with: `python3 trim_base.py`, as root, inside an image build.

Packages that build, install or administer go, files and entries in dpkg's status together, so that the status keeps telling
scanners the truth. No maintainer script runs: the same happens on Docker's python image and on CI's stand-in for it.
"""

import re
import shutil
import sysconfig
from pathlib import Path
from typing import Final

ADMINISTRATION: Final = frozenset(
    """
    adduser apt apt-utils base-passwd bash bsdutils debconf debian-archive-keyring diffutils dpkg e2fsprogs findutils
    gpgv gzip hostname init-system-helpers login logsave mount openssl passwd sysvinit-utils tar usr-is-merged
    usrmerge util-linux util-linux-extra
    libapt-pkg6.0 libaudit1 libaudit-common libblkid1 libcap-ng0 libdebconfclient0 libext2fs2 libgcrypt20
    libgdbm-compat4 libgnutls30 libgpg-error0 libhogweed6 libidn2-0 libmount1 libnettle8 libp11-kit0 libpam-modules
    libpam-modules-bin libpam-runtime libpam0g libperl5.36 libseccomp2 libsemanage2 libsemanage-common libsepol2 libsmartcols1
    libss2 libsystemd0 libtasn1-6 libudev1 libunistring2 libxxhash0 liblz4-1
    perl perl-base perl-modules-5.36
    python3-distutils python3-lib2to3 python3-pip-whl python3-setuptools-whl python3-venv python3.11-venv
    """.split()  # noqa: SIM905 - a list to read
)
PATHS: Final = (
    *("/usr/share/man", "/usr/share/locale", "/usr/share/info", "/usr/share/lintian", "/usr/share/bug"),
    *("/usr/share/bash-completion", "/usr/share/perl", "/usr/share/perl5", "/usr/share/python-wheels"),
    *("/usr/lib/x86_64-linux-gnu/gconv", "/usr/lib/aarch64-linux-gnu/gconv", "/usr/lib/apt", "/usr/lib/systemd"),
    *("/var/cache", "/var/lib/apt", "/var/log", "/etc/apt", "/etc/pip.conf", "/root/.cache", "/usr/src"),
)
OF_PYTHON: Final = ("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "turtledemo", "turtle.py")
INSTALLERS: Final = ("pip", "setuptools", "pkg_resources", "wheel", "_distutils_hack", "distutils-precedence.pth")
ADMIN_DIRECTORY: Final = Path("/var/lib/dpkg")


def main() -> None:
    """Remove, in an order in which nothing needed by this program goes."""
    status = (ADMIN_DIRECTORY / "status").read_text()
    stanzas = [stanza for stanza in status.split("\n\n") if stanza.strip()]
    kept = [stanza for stanza in stanzas if _name(stanza) not in ADMINISTRATION]
    listings = {_name(stanza): _listing(stanza) for stanza in stanzas}
    needed = {path for stanza in kept for path in listings[_name(stanza)]}
    for stanza in stanzas:
        if stanza not in kept:
            _remove_files([path for path in listings[_name(stanza)] if path not in needed])
    (ADMIN_DIRECTORY / "status").write_text("\n\n".join(kept) + "\n\n")
    for left in ADMIN_DIRECTORY.glob("*-old"):
        left.unlink()
    _trim_system()
    _trim_python()
    Path("/var/log").mkdir()
    Path("/var/cache").mkdir()


def _trim_system() -> None:
    for name in PATHS:
        _remove(Path(name))
    for directory in Path("/usr/share/doc").glob("*"):  # copyrights stay
        for path in directory.glob("*") if directory.is_dir() and not directory.is_symlink() else ():
            if path.name != "copyright":
                _remove(path)


def _trim_python() -> None:
    for library in {Path(sysconfig.get_path("stdlib")), Path("/usr/lib/python3.11"), Path("/usr/local/lib/python3.11")}:
        for name in OF_PYTHON:
            _remove(library / name)
        for name in INSTALLERS:
            for path in (library / "site-packages").glob(f"{name}*"):
                _remove(path)
    programs = Path("/usr/local/bin")
    for installer in programs.glob("pip*"):
        _remove(installer)
    for name in ("python3.11", "python3", "python"):  # in the stand-in, copies of Debian's
        _link_copy(programs / name, Path("/usr/bin/python3.11"))


def _link_copy(copy: Path, original: Path) -> None:
    if copy.exists() and original.exists() and not copy.is_symlink() and copy.read_bytes() == original.read_bytes():
        copy.unlink()
        copy.symlink_to(original)


def _name(stanza: str) -> str:
    match = re.search(r"^Package: (\S+)$", stanza, re.MULTILINE)
    return match[1] if match else ""


def _listing(stanza: str) -> list[str]:
    """The paths that a package installed."""
    name = _name(stanza)
    for file in (ADMIN_DIRECTORY / "info" / f"{name}.list", *(ADMIN_DIRECTORY / "info").glob(f"{name}:*.list")):
        if file.exists():
            return [_resolved(line) for line in file.read_text().splitlines()]
    return []


def _resolved(path: str) -> str:
    """Where `/lib`, `/bin` and `/sbin` lead since they were merged into `/usr`."""
    return f"/usr{path}" if re.match(r"/(lib|lib64|bin|sbin)(/|$)", path) else path


def _remove_files(paths: list[str]) -> None:
    for text in sorted(paths, reverse=True):
        path = Path(text)
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()) and path not in {Path("/"), Path("/tmp"), Path("/var/lib/dpkg")}:  # noqa: S108 - a mount point
            path.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()


if __name__ == "__main__":
    main()
