"""The profile files: every parameter marked, sources of the right report, whole shares, a load that staff can bear."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from importlib.resources import files
from statistics import fmean

import pytest

from ecluse.simulateur.caisse import of
from ecluse.simulateur.marques import JUSTIFICATIONS, ProfilRefuse, read_marks
from ecluse.simulateur.profil import Profil, load_profil, parse_profil, read_parametres
from shared.calendar import working_days
from tests.donnees import RACINE

_PROFILS = files("ecluse.simulateur") / "profils"
# The document that speaks of each Caf.
DOCUMENTS = {"661": "000", "091": "001", "441": "002", "521": "003", "361": "004"}
CAFS = sorted(fichier.name.removesuffix(".toml") for fichier in _PROFILS.iterdir())
TEXTE = (_PROFILS / "091.toml").read_text(encoding="utf-8")

chaque_profil = pytest.mark.parametrize("caf", CAFS)


class TestMarques:
    def test_there_is_a_profile_of_each_caf_that_the_documents_tell_of(self) -> None:
        assert set(CAFS) == set(DOCUMENTS)
        assert [load_profil(caf).caf for caf in CAFS] == CAFS

    @chaque_profil
    def test_every_parameter_says_where_it_comes_from(self, caf: str) -> None:
        parametres = read_parametres(caf)
        assert {p.origine for p in parametres} <= set(JUSTIFICATIONS)
        assert all(p.justification.strip() for p in parametres)

    @chaque_profil
    def test_what_is_printed_is_printed_by_the_document_of_this_caf(self, caf: str) -> None:
        sources = [p.justification for p in read_parametres(caf) if p.origine == "publie"]
        document = DOCUMENTS[caf]
        assert [s for s in sources if not re.fullmatch(rf"{document} L\d+(, {document} L\d+)*", s)] == []

    @chaque_profil
    def test_no_parameter_of_a_file_can_lose_its_mark(self, caf: str) -> None:
        texte = (_PROFILS / f"{caf}.toml").read_text(encoding="utf-8")
        for nom in [p.nom for p in read_parametres(caf)]:
            table = tomllib.loads(texte)
            del table["profil"]
            section, _, cle = nom.partition(".")
            del table[section][cle]["origine"]
            with pytest.raises(ProfilRefuse, match=re.escape(nom)):
                list(read_marks(table))

    @pytest.mark.parametrize(
        ("avant", "apres", "message"),
        [
            ('source = "001 L369"', 'source = "un rapport"', "source attendue"),
            ('source = "001 L369"', 'raison = "on le dit"', "doit porter source"),
            ('origine = "derive"', 'origine = "devine"', "origine doit être"),
            ("[pieces.urgence]", "[pieces.urgences]", "urgence"),
            ("valeur = 556154", 'valeur = "beaucoup"', "profil illisible"),
            ("[pieces.recues]\nvaleur = 556154\n", "[pieces.recues]\n", "il manque valeur"),
            ("caf = ", "recues = 3\ncaf = ", "recues"),
        ],
    )
    def test_a_faulty_file_is_refused_with_the_name_of_what_is_wrong(
        self, avant: str, apres: str, message: str
    ) -> None:
        assert avant in TEXTE
        with pytest.raises(ProfilRefuse, match=message):
            parse_profil(TEXTE.replace(avant, apres, 1))

    def test_a_bare_value_is_refused(self) -> None:
        with pytest.raises(ProfilRefuse, match=r"pieces\.recues : paramètre sans origine"):
            parse_profil("[pieces]\nrecues = 556154\n")

    def test_an_unknown_caf_is_told_which_profiles_there_are(self) -> None:
        with pytest.raises(ProfilRefuse, match=r"aucun profil pour la Caf 999.*091, 361, 441, 521, 661"):
            load_profil("999")


class TestCoherence:
    def test_every_parameter_is_read_by_the_simulation(self) -> None:
        dossier = RACINE / "ecluse" / "simulateur"
        code = "".join(f.read_text() for f in dossier.glob("*.py") if f.name not in ("profil.py", "marques.py"))
        lus = set(re.findall(r"\.([a-z_0-9]+)", code))
        assert {
            parametre.nom for parametre in read_parametres("091") if parametre.nom.split(".")[1] not in lus
        } == set()

    @chaque_profil
    def test_a_season_moves_volumes_without_making_any(self, caf: str) -> None:
        calendrier = load_profil(caf).calendrier
        assert (len(calendrier.web), len(calendrier.bureau)) == (7, 5)
        assert {len(mois) for mois in calendrier.mois.values()} == {12}
        moyennes = [fmean(poids) for poids in (calendrier.web, calendrier.bureau, *calendrier.mois.values())]
        assert moyennes == pytest.approx([1.0] * len(moyennes), abs=0.02)

    @chaque_profil
    def test_shares_that_divide_a_whole_sum_to_one(self, caf: str) -> None:
        profil = load_profil(caf)
        touts = [profil.pieces.natures, profil.pieces.canaux_hors_web, profil.pieces.natures_internes]
        touts += [*profil.contacts.natures.values(), profil.creances.prestations, profil.creances.causes]
        touts += [profil.creances.modes, profil.fraudes.prestations]
        assert [sum(parts.values()) for parts in touts] == pytest.approx([1.0] * len(touts))

    @chaque_profil
    def test_the_parts_of_the_profile_speak_of_the_same_natures_and_teleservices(self, caf: str) -> None:
        pieces = load_profil(caf).pieces
        assert (
            pieces.teleservices.keys() | pieces.poles.keys() | pieces.natures_internes.keys() <= pieces.natures.keys()
        )
        assert all(sum(parts.values()) <= 1 for parts in pieces.teleservices.values())
        assert {nom for parts in pieces.teleservices.values() for nom in parts} <= pieces.usage_teleservices.keys()

    @chaque_profil
    def test_what_has_no_teleservice_can_make_up_the_share_of_the_web(self, caf: str) -> None:
        assert 0 < _web_without_teleservice(load_profil(caf)) < 1

    @chaque_profil
    def test_the_agents_can_bear_the_load_of_the_year(self, caf: str) -> None:
        profil = load_profil(caf)
        personnel = profil.personnel
        presents = personnel.agents * (1 - fmean(personnel.absences))
        premier, dernier = date(profil.annee, 1, 1).toordinal(), date(profil.annee, 12, 31).toordinal()
        minutes = presents * personnel.minutes_par_jour * len(working_days(premier, dernier, caf))
        assert minutes == pytest.approx(_load(profil), rel=0.03)


def _load(profil: Profil) -> float:
    """The minutes of agents that the pieces of a year take.

    An agent looks at what the system does not treat in the night: once, and again when something was missing or the
    piece came back.
    """
    pieces, personnel = profil.pieces, profil.personnel
    total = 0.0
    for nature, web in _by_web(profil).items():
        poids = pieces.natures[nature]
        automatisables = web + (poids - web) * pieces.canaux_hors_web["partenaire"]
        manuelles = poids - automatisables * of(personnel.automatique, nature)
        manuelles += pieces.internes * pieces.natures_internes.get(nature, 0.0)
        regards = (1 - pieces.annulees) * (1 + of(profil.demarches.incompletes, nature) + pieces.rouvertes)
        total += pieces.recues * manuelles * regards * of(personnel.minutes, nature)
    return total


def _by_web(profil: Profil) -> dict[str, float]:
    """The weight of what comes by the web, by nature."""
    pieces, reste = profil.pieces, _web_without_teleservice(profil)
    return {
        nature: poids * (_used(profil, nature) + (1 - sum(pieces.teleservices.get(nature, {}).values())) * reste)
        for nature, poids in pieces.natures.items()
    }


def _web_without_teleservice(profil: Profil) -> float:
    """The share by the web of pieces that no téléservice receives: what reaches the share of all."""
    natures = profil.pieces.natures
    sans = sum(p * (1 - sum(profil.pieces.teleservices.get(n, {}).values())) for n, p in natures.items())
    return (profil.pieces.part_web - sum(p * _used(profil, n) for n, p in natures.items())) / sans


def _used(profil: Profil, nature: str) -> float:
    """The share of a nature that comes by a téléservice, on the web."""
    pieces = profil.pieces
    return sum(part * pieces.usage_teleservices[nom] for nom, part in pieces.teleservices.get(nature, {}).items())
