"""Graph: the atoms and bonds of a canonical SMILES as plain Python, cheap to walk and to cut.

RDKit checks, standardises and canonicalises. In between a molecule is walked several times: which bonds does BRICS cut, which
atoms form a group, which a ring system? One attribute of one atom costs 0.8 µs through RDKit's Python interface, and reading
the whole text that RDKit just wrote costs no more than 60 of them.
"""

import re
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Graph"]

_WORD: Final = re.compile(r"([-=#$:]?)(\[[^]]+]|Br|Cl|[BCNOPSFIbcnops*])((?:[-=#$:]?(?:\d|%\d\d|%\(\d+\)))*)([()]*)")
"""A bond, an atom, the numbers of its ring closures, and the branches that end or begin after it."""
_CLOSURE: Final = re.compile(r"([-=#$:]?)(\d|%\d\d|%\(\d+\))")
_ELEMENT: Final = re.compile(r"\[\d*([A-Z][a-z]?|[a-z]{1,2}|\*)")


class _Symbols(dict[str, str]):
    """Element of an atom as it is written, in lower case when aromatic: `[nH]` is an `n`."""

    def __missing__(self, token: str) -> str:
        match = _ELEMENT.match(token)
        symbol = self[token] = match[1] if match else token
        return symbol


_SYMBOLS: Final = _Symbols()


@dataclass(frozen=True, slots=True)
class Graph:
    """Atoms in the order of the SMILES; a bond is one of `-`, `=`, `#`, `$` and `:` (aromatic)."""

    smiles: str
    """The text it was read from."""
    words: list[tuple[str, str, str, str]]
    """The same, word by word: bond, atom, ring closures, parentheses."""
    symbols: list[str]
    """Elements, in lower case when aromatic: `C`, `n`, `Cl`."""
    bonds: list[dict[int, str]]
    """Neighbours of each atom and the bonds to them."""
    chain: list[dict[int, str]]
    """The same, of the bonds that are part of no ring."""
    chains: list[tuple[int, int]]
    """The same, each bond once; the first atom stands before the second."""
    ring: list[bool]
    """Whether each atom is part of a ring."""

    @classmethod
    def read(cls, smiles: str) -> "Graph":
        """The graph of one connected SMILES without stereo, as RDKit writes it."""
        words = _WORD.findall(smiles)
        symbols = [_SYMBOLS[word[1]] for word in words]
        aromatic = [symbol.islower() for symbol in symbols]
        bonds: list[dict[int, str]] = [{} for _ in words]
        before: list[int] = []  # the atom that each atom follows: the tree that the text spells out
        crossings = [0] * len(words)  # the ring closures at each atom, one bit each
        opened: dict[str, tuple[int, str]] = {}
        branches: list[int] = []
        last, bit = -1, 1
        for atom, (bond, _, closures, parentheses) in enumerate(words):
            before.append(last)
            if last >= 0:
                bonds[atom][last] = bonds[last][atom] = bond or (":" if aromatic[atom] and aromatic[last] else "-")
            last = atom
            if closures:
                for closure, label in _CLOSURE.findall(closures):
                    if label in opened:
                        other, opening = opened.pop(label)
                        implied = ":" if aromatic[atom] and aromatic[other] else "-"
                        bonds[atom][other] = bonds[other][atom] = closure or opening or implied
                        crossings[atom] ^= bit
                        crossings[other] ^= bit
                        bit <<= 1
                    else:
                        opened[label] = atom, closure
            for parenthesis in parentheses:
                if parenthesis == "(":
                    branches.append(last)
                else:
                    last = branches.pop()
        ring = [False] * len(words)
        chain: list[dict[int, str]] = [{} for _ in words]
        chains = []
        # A bond of the tree is part of a ring when a closure leads across it, out of what follows the bond.
        for atom in range(len(words) - 1, 0, -1):
            last = before[atom]
            if crossings[atom]:
                crossings[last] ^= crossings[atom]
                ring[atom] = ring[last] = True
            else:
                chains.append((last, atom))
                chain[atom][last] = chain[last][atom] = bonds[last][atom]
        return cls(smiles, words, symbols, bonds, chain, chains, ring)

    def belongs(self, atom: int, ring: int) -> bool:
        """An atom outside rings is part of its neighbour's ring system: doubly bonded to it, or the oxide of an N-oxide."""
        if self.ring[atom] or not self.ring[ring]:
            return False
        return self.bonds[atom][ring] == "=" or (self.words[atom][1] == "[O-]" and self.words[ring][1] == "[n+]")

    def pieces(
        self, cuts: Container[int], end: str = "*", tokens: Mapping[int, str] | None = None
    ) -> tuple[list[str], list[int]]:
        """Cut the text between each of these atoms and the atom it follows; only bonds outside rings may be cut.

        Returns the pieces as SMILES, not canonical, with `end` at both ends of each cut, and for each atom the index of its
        piece. `tokens` replaces what is written for some atoms.
        """
        texts = [""]
        places = []
        place = 0
        branches: list[int] = []
        for atom, (bond, written, closures, parentheses) in enumerate(self.words):
            token = tokens.get(atom, written) if tokens else written
            if atom not in cuts:
                texts[place] += bond + token + closures
            elif end:
                texts[place] += bond + end
                place = len(texts)
                texts.append(end + bond + token + closures)
            else:
                place = len(texts)
                texts.append(token + closures)
            places.append(place)
            for parenthesis in parentheses:
                if parenthesis == "(":
                    branches.append(place)
                    texts[place] += "("
                else:
                    place = branches.pop()
                    texts[place] += ")"
        return texts, places

    def piece(self, atoms: Collection[int]) -> str:
        """These connected atoms as SMILES, not canonical, with `*` at the end of every bond that leaves them.

        Unlike `pieces` it may cut rings, and writes every bond as a ring closure between parts joined by dots.
        """
        labels: dict[tuple[int, int], int] = {}
        parts = []
        for atom in sorted(atoms):
            part = self.words[atom][1]
            for other, bond in self.bonds[atom].items():
                if other in atoms:
                    label = labels.setdefault((atom, other) if atom < other else (other, atom), len(labels) + 1)
                    part += f"{bond}%({label})"
                else:
                    part += f"({bond}*)"
            parts.append(part)
        return ".".join(parts)
