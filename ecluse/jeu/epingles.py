"""The data sets of reference: their hashes are in the repository, so that anybody can tell whether a folder is one."""

import tomllib
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from ecluse.jeu.description import Jeu, Question

NOM: Final = "epingles.toml"
STANDARD: Final = "standard"


class Epingle(Struct, frozen=True, forbid_unknown_fields=True):
    """A data set of reference; hashes are empty before it was first made."""

    caf: str
    annee: int
    graine: int
    echelle: float
    evenements: str
    chiffres: str
    empreinte: str

    @property
    def question(self) -> Question:
        """What decides of it."""
        return Question(self.caf, self.annee, self.graine, self.echelle)


def read_pins() -> dict[str, Epingle]:
    """Every set of reference, by name."""
    return parse_pins((files("ecluse.jeu") / NOM).read_text(encoding="utf-8"))


def parse_pins(texte: str) -> dict[str, Epingle]:
    """The sets of reference of a TOML text."""
    return msgspec.convert(tomllib.loads(texte), dict[str, Epingle])


def write_pins(texte: str, nom: str, jeu: Jeu) -> str:
    """The TOML text with the hashes of a set that was made; what is said around them stays."""
    avant, titre, reste = texte.partition(f"[{nom}]\n")
    lignes, vide, apres = reste.partition("\n\n")
    neufs = {
        "evenements": jeu.evenements.sha256,
        "chiffres": jeu.chiffres.sha256,
        "empreinte": jeu.empreinte,
    }
    ecrites = [
        f'{membre} = "{neufs[membre]}"' if (membre := ligne.partition(" = ")[0]) in neufs else ligne
        for ligne in lignes.rstrip("\n").split("\n")
    ]
    return "".join((avant, titre, "\n".join(ecrites), vide or "\n", apres))


def differences(jeu: Jeu, epingle: Epingle) -> list[str]:
    """What of a set is not that of the set of reference (French); nothing when it is the same."""
    trouves = {
        "les événements": (jeu.evenements.sha256, epingle.evenements),
        "les chiffres": (jeu.chiffres.sha256, epingle.chiffres),
    }
    ecarts = [quoi for quoi, (trouve, attendu) in trouves.items() if trouve != attendu]
    return ecarts or ([] if jeu.empreinte == epingle.empreinte else ["ce qu'il dit de lui-même"])


def tell(jeu: Jeu, epingles: dict[str, Epingle]) -> tuple[str, bool]:
    """What a set is among those of reference (French), and whether it contradicts the one that it should be."""
    for nom, epingle in epingles.items():
        if epingle.question == jeu.question:
            if not epingle.empreinte:
                return f"le jeu {nom} n'a pas encore d'empreinte de référence", False
            ecarts = " et ".join(differences(jeu, epingle))
            if ecarts:
                return f"ce n'est pas le jeu {nom} de cette version : {ecarts} diffèrent de la référence", True
            return f"c'est le jeu {nom}", False
    return "ce n'est pas un jeu de référence (autre Caf, année, graine ou échelle)", False
